"""A county of municipal school systems, with known truth and with every fault.

The simulator is a stand-in for the systems of the municipalities: it knows pupils, timetables and
registers, answers as SS 12000 servers do, and keeps apart what the statistics should say.
"""
