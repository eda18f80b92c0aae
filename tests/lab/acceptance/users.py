"""Users who ask a server on the internet: whether they are answered, and as whom the server knows them."""
import socket
import threading
import time

from scene import socket_in

WEB, PORT = "203.0.113.2", 7500


class Server:
    """Says to whoever asks by UDP from where it was asked, and remembers."""

    def __init__(self, lab):
        self.socket = socket_in(lab.netns("web"), socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((WEB, PORT))
        self.seen = set()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            text, who = self.socket.recvfrom(2000)
            self.seen.add(who[0])
            self.socket.sendto(f"{text.decode()} {who[0]}".encode(), who)


class User:
    """Asks every 20 ms from one port, and knows when it was answered and as whom."""

    def __init__(self, lab, host):
        self.socket = socket_in(lab.netns(host), socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(0.02)
        self.answers, self.stopped = [(time.monotonic(), None)], threading.Event()
        self.thread = threading.Thread(target=self.ask, daemon=True)
        self.thread.start()

    def ask(self):
        n = 0
        while not self.stopped.is_set():
            n += 1
            try:
                self.socket.sendto(str(n).encode(), (WEB, PORT))
                text = self.socket.recv(2000).decode()
                self.answers.append((time.monotonic(), text.split()[1]))
            except OSError:
                pass
            self.stopped.wait(0.02)

    def known_as(self):
        return self.answers[-1][1]

    def silence(self, since):
        """Seconds of the longest time without an answer from then on."""
        times = [since] + [t for t, _ in self.answers if t > since]
        return max(b - a for a, b in zip(times, times[1:])) if len(times) > 1 else 999

    def stop(self):
        self.stopped.set()
        self.thread.join()
