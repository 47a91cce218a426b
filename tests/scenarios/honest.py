"""Runs as a phone: name, probe and portal page as its system asks for them; prints the seconds in all and of each."""
import http.client
import socket
import time

begin = time.monotonic()
address = socket.getaddrinfo("connectivitycheck.gstatic.com", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4]
named = time.monotonic()
conn = http.client.HTTPConnection(address[0], 80, timeout=10)
conn.request("GET", "/generate_204", headers={"Host": "connectivitycheck.gstatic.com"})
status = conn.getresponse().status
probed = time.monotonic()
conn = http.client.HTTPConnection("10.42.0.1", 80, timeout=10)
conn.request("GET", "/")
page = conn.getresponse().read()
done = time.monotonic()
assert status == 302 and b"<title>" in page.lower(), (status, page[:80])
print(f"{done - begin:.2f} s: name {named - begin:.2f}, probe {probed - named:.2f}, page {done - probed:.2f}")
