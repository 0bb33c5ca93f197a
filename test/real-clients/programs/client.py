"""What requests or urllib3 reports: client.py requests|urllib3-retry URL TIMEOUT COUNT, one line for the last request."""

import sys

import requests
import urllib3


def chain(error):
    """The names of an exception and of those that it stands for, outermost first."""
    names = []
    while error is not None:
        kind = type(error)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.split('.')[0]}.{kind.__name__}"
        if not names or names[-1] != name:
            names.append(name)
        inner = (argument for argument in error.args if isinstance(argument, Exception))
        error = error.__cause__ or error.__context__ or next(inner, None)
    return " from ".join(names)


library, url, timeout, count = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
try:
    if library == "requests":
        with requests.Session() as session:
            for _ in range(count):
                response = session.get(url, timeout=timeout, verify=False)
        print(f"{response.status_code}, {len(response.content)} bytes")
    else:
        retries = urllib3.Retry(total=2, backoff_factor=0)
        with urllib3.PoolManager(cert_reqs="CERT_NONE") as pool:
            for _ in range(count):
                response = pool.request("GET", url, timeout=timeout, retries=retries)
        print(f"{response.status}, {len(response.data)} bytes, after {len(response.retries.history)} retries")
except Exception as error:
    print(chain(error))
