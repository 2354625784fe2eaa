# Runs a server for as long as somebody uses it: guard.py DIR LINGER USER SIGNAL PROGRAM [ARGUMENT ...]
#
# Users hold a shared lock on DIR/users, which the system releases however a user ends, kill -9 included. The guard holds
# DIR/alive while the server runs. When nobody has used the server for LINGER seconds, it sends SIGNAL, waits for the end,
# and removes DIR/state and, when they are there, the folders that DIR/remove lists. Whoever starts to use a server that
# runs already holds DIR/gate meanwhile, and so never gets one that is about to stop.
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time

folder, linger, user, stop, command = sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5:]


def lock_file(name):
    return os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def lock(fd):
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unused(users, gate):
    """Takes both locks and keeps them when the server may stop."""
    if lock(users):
        if lock(gate):
            if time.time() - os.fstat(users).st_mtime >= linger:
                return True
            fcntl.flock(gate, fcntl.LOCK_UN)
        fcntl.flock(users, fcntl.LOCK_UN)
    return False


alive, users, gate = lock_file("alive"), lock_file("users"), lock_file("gate")
if not lock(alive):
    sys.exit("another guard is at work in " + folder)
other = {"user": user, "group": "nogroup" if user == "nobody" else user, "extra_groups": []} if user else {}
server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/", **other)
signal.signal(signal.SIGTERM, lambda *_: server.send_signal(stop))
while server.poll() is None:
    if unused(users, gate):
        server.send_signal(stop)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        break
    time.sleep(0.1)
try:
    os.remove(os.path.join(folder, "state"))
except FileNotFoundError:
    pass
try:
    with open(os.path.join(folder, "remove")) as names:
        for name in names.read().splitlines():
            shutil.rmtree(name, ignore_errors=True)
except FileNotFoundError:
    pass
sys.exit(server.returncode)
