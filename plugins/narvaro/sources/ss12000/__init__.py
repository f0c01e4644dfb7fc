"""The connector for servers that speak SS 12000."""
