"""The simulated servers: SS 12000 over HTTP, as of a simulated clock."""
