"""Thirty readers of a booted box, a page a second each, for a minute and a half: pages.py URL. A connection a page, as a phone that comes anew."""
import http.client, json, statistics, sys, threading, time, urllib.parse

PHONES, ROUNDS = 30, 90
PAGES = ("/", "/files/", "/library/", "/guide/stay", "/internet", "/admin/", "/admin/update", "/?lang=pt")
where = urllib.parse.urlsplit(sys.argv[1])
times, bad, lock = {page: [] for page in PAGES}, [], threading.Lock()


def phone(n):
    time.sleep(n / PHONES)
    start = time.monotonic()
    for i in range(ROUNDS):
        page = PAGES[(n + i) % len(PAGES)]
        began = time.monotonic()
        try:
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
            connection.request("GET", page)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            took, fine = (time.monotonic() - began) * 1000, answer.status == 200
        except OSError:
            took, fine = 10_000, False
        with lock:
            times[page].append(took)
            if not fine:
                bad.append(page)
        time.sleep(max(0, start + i + 1 - time.monotonic()))


threads = [threading.Thread(target=phone, args=(n,)) for n in range(PHONES)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for page, each in times.items():
    print(f"{page}: median {statistics.median(each):.1f} ms, p99 {statistics.quantiles(each, n=100)[98]:.1f} ms, most {max(each):.1f} ms of {len(each)}")
if bad:
    sys.exit(f"{len(bad)} pages were not had, the first {bad[0]}")
print("RESULT " + json.dumps({page: round(statistics.quantiles(each, n=100)[98], 1) for page, each in times.items()}))
