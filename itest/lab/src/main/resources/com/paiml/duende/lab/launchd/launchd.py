"""A recorded launchd: what launchctl(1) and launchd.plist(5) of macOS document, as far as Duende uses it, on any POSIX system.

It really starts processes, and really has the traits that make launchd difficult: a label drains after bootout, and until it has,
bootstrap fails with 5, for the last half of that time although print and list do not show it any more; what cannot be executed is
loaded all the same and ends with 78; KeepAlive waits for ThrottleInterval. With a file FOLDER/drain that last half goes on for as
long as it is there. With a file FOLDER/hold, what is loaded is not started
until it is kickstarted, as in a domain that starts nothing that nobody asked for; a list with the key that FOLDER/refuse names is
taken for a wrong one. FOLDER/cap has the most files that a process may have open, FOLDER/mute makes it show no limits of a job, as an
older one does. FOLDER/calls has each call and its exit status.

    launchd.py serve FOLDER          the daemon; ends, with all its jobs, when its standard input does

Its launchctl is a program of few lines beside it, which sends its words, separated by zeros, to a socket, and is answered with
an exit status on a line and the text.
"""
import os, plistlib, resource, signal, socket, stat, subprocess, sys, threading, time

KNOWN = {
    "Label": str, "Program": str, "ProgramArguments": list, "EnvironmentVariables": dict, "WorkingDirectory": str,
    "StandardOutPath": str, "StandardErrorPath": str, "StandardInPath": str, "RunAtLoad": bool, "KeepAlive": (bool, dict),
    "ThrottleInterval": int, "ExitTimeOut": int, "UserName": str, "GroupName": str, "Umask": (int, str),
    "SoftResourceLimits": dict, "HardResourceLimits": dict, "ProcessType": str, "AbandonProcessGroup": bool, "Nice": int,
}
LIMITS = {"NumberOfFiles": resource.RLIMIT_NOFILE, "Core": resource.RLIMIT_CORE, "NumberOfProcesses": resource.RLIMIT_NPROC}
SHOWN = {"NumberOfFiles": "maxfiles", "Core": "core", "NumberOfProcesses": "maxproc"}


class Job:
    def __init__(self, launchd, domain, path, plist):
        self.launchd, self.domain, self.path, self.plist = launchd, domain, path, plist
        self.label = plist["Label"]
        self.process, self.runs, self.started = None, 0, 0.0
        self.code, self.signal, self.booting_out, self.hidden = None, None, False, False
        self.lock = threading.RLock()

    def target(self):
        return self.domain + "/" + self.label

    def limits(self, kind):
        cap = self.launchd.word("cap")
        return {name: min(value, int(cap)) if cap and name == "NumberOfFiles" else value
                for name, value in self.plist.get(kind + "ResourceLimits", {}).items()}

    def start(self):
        with self.lock:
            if self.process or self.booting_out:
                return
            self.runs += 1
            self.started = time.monotonic()
            p = self.plist
            args = p.get("ProgramArguments") or [p["Program"]]
            env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "XPC_SERVICE_NAME": self.label, "XPC_FLAGS": "0x0"}
            env.update(p.get("EnvironmentVariables", {}))
            wanted = [(key, self.limits(key)) for key in ("Hard", "Soft")]

            def prepare():
                signal.pthread_sigmask(signal.SIG_SETMASK, [])
                if "Umask" in p:
                    os.umask(int(p["Umask"], 8) if isinstance(p["Umask"], str) else p["Umask"])
                for key, limits in wanted:
                    for name, value in limits.items():
                        soft, hard = resource.getrlimit(LIMITS[name])
                        resource.setrlimit(LIMITS[name], (min(soft, value), value) if key == "Hard" else (value, hard))

            def out(key):
                # Relative to nothing, appended to, made when absent.
                return os.open(p[key], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if key in p else subprocess.DEVNULL
            files = []
            try:
                files = [out("StandardOutPath"), out("StandardErrorPath")]
                self.process = subprocess.Popen(
                    args, executable=p.get("Program"), env=env, cwd=p.get("WorkingDirectory", "/"), stdin=subprocess.DEVNULL,
                    stdout=files[0], stderr=files[1], preexec_fn=prepare, start_new_session=True)
            except OSError:
                self.code, self.signal = 78, None
            finally:
                for f in files:
                    if f >= 0:
                        os.close(f)
            if self.process:
                threading.Thread(target=self.reap, args=(self.process,), daemon=True).start()

    def reap(self, process):
        status = process.wait()
        try:
            # launchd ends what is left of the job's process group.
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        with self.lock:
            self.code, self.signal = (None, -status) if status < 0 else (status, None)
            self.process = None
            keep = self.plist.get("KeepAlive", False)
            if isinstance(keep, dict):
                wanted = keep.get("SuccessfulExit")
                keep = wanted is None or wanted == (status == 0)
            if not keep or self.booting_out:
                return
            wait = self.started + self.plist.get("ThrottleInterval", 10) - time.monotonic()
        time.sleep(max(0, wait))
        self.start()

    def describe(self):
        with self.lock:
            lines = [self.target() + " = {", "\tactive count = %d" % (1 if self.process else 0), "\tpath = " + self.path,
                     "\ttype = " + ("LaunchDaemon" if self.domain == "system" else "LaunchAgent"),
                     "\tstate = " + ("running" if self.process else "not running"), "",
                     "\tprogram = " + (self.plist.get("Program") or self.plist["ProgramArguments"][0]), "\targuments = {"]
            lines += ["\t\t" + a for a in self.plist.get("ProgramArguments", [])]
            lines += ["\t}", "", "\tenvironment = {"]
            lines += ["\t\t%s => %s" % e for e in self.plist.get("EnvironmentVariables", {}).items()]
            lines += ["\t\tXPC_SERVICE_NAME => " + self.label, "\t}", "", "\tdomain = " + self.domain,
                      "\tminimum runtime = %d" % self.plist.get("ThrottleInterval", 10),
                      "\texit timeout = %d" % self.plist.get("ExitTimeOut", 20), "\truns = %d" % self.runs]
            if self.launchd.word("mute") is None:
                lines += ["", "\tresource limits = {"]
                lines += ["\t\t%s (%s) => %d" % (SHOWN[name], kind.lower(), value)
                          for kind in ("Soft", "Hard") for name, value in self.limits(kind).items()]
                lines += ["\t}", ""]
            if self.process:
                lines.append("\tpid = %d" % self.process.pid)
            if self.signal:
                lines.append("\tlast terminating signal = %s: %d" % (signal.strsignal(self.signal), self.signal))
            else:
                lines.append("\tlast exit code = " + ("(never exited)" if self.code is None else
                                                      "78: EX_CONFIG" if self.code == 78 else str(self.code)))
            return "\n".join(lines + ["}"]) + "\n"


class Launchd:
    def __init__(self, folder):
        self.folder, self.jobs, self.lock = folder, {}, threading.RLock()

    def answer(self, args):
        command, rest = (args[0], args[1:]) if args else ("help", [])
        method = getattr(self, "do_" + command, None)
        status, text = method(rest) if method else (1, "Unrecognized subcommand: %s\n" % command)
        with self.lock, open(os.path.join(self.folder, "calls"), "a") as calls:
            calls.write("%d %s\n" % (status, " ".join(args)))
        return status, text

    def word(self, name):
        try:
            with open(os.path.join(self.folder, name)) as f:
                return f.read()
        except FileNotFoundError:
            return None

    def find(self, target):
        with self.lock:
            job = self.jobs.get(target)
            return None if job and job.hidden else job

    def missing(self, target):
        domain, _, label = target.rpartition("/")
        return 113, 'Bad request.\nCould not find service "%s" in domain for %s\n' % (label, domain)

    def do_version(self, rest):
        return 0, "Recorded Version 1.0.0: a program of Duende's tests, not Apple's launchd\n"

    def do_bootstrap(self, rest):
        domain, paths = rest[0], rest[1:]
        if domain != "system" and domain.partition("/")[0] not in ("gui", "user"):
            return 112, "Bootstrap failed: 112: Could not find specified domain\n"
        for path in paths:
            try:
                with open(path, "rb") as f:
                    mode = os.fstat(f.fileno()).st_mode
                    plist = plistlib.load(f)
            except Exception as e:
                return 5, "Bootstrap failed: 5: Input/output error\n"
            if mode & (stat.S_IWGRP | stat.S_IWOTH):
                return 122, "Path had bad ownership/permissions\n"
            for key, value in plist.items():
                if key == self.word("refuse") or key not in KNOWN or not isinstance(value, KNOWN[key]) or (KNOWN[key] is int and isinstance(value, bool)):
                    return 5, "Bootstrap failed: 5: Input/output error\n"
            with self.lock:
                target = domain + "/" + plist["Label"]
                if target in self.jobs:
                    # The same whether it runs or drains: launchd does not say which.
                    return 5, "Bootstrap failed: 5: Input/output error\n"
                job = self.jobs[target] = Job(self, domain, path, plist)
            held = self.word("hold") is not None
            if not held and (plist.get("RunAtLoad") or plist.get("KeepAlive") is True):
                job.start()
        return 0, ""

    def do_bootout(self, rest):
        target = rest[0]
        job = self.find(target)
        if not job:
            return 3, "Boot-out failed: 3: No such process\n"
        with job.lock:
            job.booting_out = True
            process = job.process

        def drain():
            if process:
                try:
                    process.send_signal(signal.SIGTERM)
                    process.wait(job.plist.get("ExitTimeOut", 20))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            half = float(os.environ.get("RECORDED_DRAIN", "0.2")) / 2
            time.sleep(half)
            job.hidden = True
            time.sleep(half)
            while self.word("drain") is not None:
                time.sleep(0.02)
            with self.lock:
                # Of two bootouts the second must not take the label's next job.
                if self.jobs.get(target) is job:
                    del self.jobs[target]
        threading.Thread(target=drain, daemon=True).start()
        # Returns while the label drains, as launchctl does for a job that takes its time.
        return (36, "Boot-out failed: 36: Operation now in progress\n") if process else (0, "")

    def do_kickstart(self, rest):
        options = [a for a in rest if a.startswith("-")]
        target = [a for a in rest if not a.startswith("-")][0]
        job = self.find(target)
        if not job:
            return self.missing(target)
        process = job.process
        if process and "-k" in options:
            process.kill()
            process.wait()
            deadline = time.monotonic() + 5
            while job.process and time.monotonic() < deadline:
                time.sleep(0.005)
        job.start()
        return 0, "%d\n" % job.process.pid if "-p" in options and job.process else ""

    def do_kill(self, rest):
        name, target = rest
        job = self.find(target)
        if not job:
            return self.missing(target)
        number = int(name) if name.isdigit() else getattr(signal, name if name.startswith("SIG") else "SIG" + name, None)
        if number is None:
            return 64, "Unknown signal: %s\n" % name
        process = job.process
        if not process:
            return 3, "No process to signal.\n"
        process.send_signal(number)
        return 0, ""

    def do_print(self, rest):
        job = self.find(rest[0])
        if job:
            return 0, job.describe()
        if rest[0] == "system" or rest[0].count("/") == 1 and rest[0].partition("/")[0] in ("gui", "user"):
            return 0, rest[0] + " = {\n\ttype = %s\n}\n" % ("system" if rest[0] == "system" else "user")
        return self.missing(rest[0])

    def do_list(self, rest):
        with self.lock:
            jobs = sorted((j for j in self.jobs.values() if not j.hidden), key=lambda j: j.label)
        if rest:
            for job in jobs:
                if job.label == rest[0]:
                    status = job.signal if job.signal else (job.code or 0) << 8
                    pid = '\t"PID" = %d;\n' % job.process.pid if job.process else ""
                    return 0, '{\n\t"Label" = "%s";\n\t"LastExitStatus" = %d;\n%s};\n' % (job.label, status, pid)
            return 113, 'Could not find service "%s" in domain for port\n' % rest[0]
        lines = ["PID\tStatus\tLabel"]
        for job in jobs:
            process = job.process
            lines.append("%s\t%d\t%s" % (process.pid if process else "-", -job.signal if job.signal else job.code or 0, job.label))
        return 0, "\n".join(lines) + "\n"

    def end(self):
        for job in list(self.jobs.values()):
            with job.lock:
                job.booting_out = True
                if job.process:
                    try:
                        os.killpg(job.process.pid, signal.SIGKILL)
                    except (ProcessLookupError, PermissionError):
                        pass


def serve(folder):
    launchd = Launchd(folder)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(os.path.join(folder, "launchd.sock"))
    server.listen(64)

    def handle(connection):
        with connection:
            words = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                words += piece
            try:
                status, text = launchd.answer(words.decode("utf-8", "surrogateescape").split("\0"))
            except Exception as e:
                status, text = 70, "the recorded launchd failed: %r\n" % e
            connection.sendall(("%d\n%s" % (status, text)).encode("utf-8", "surrogateescape"))

    def accept():
        while True:
            connection, _ = server.accept()
            threading.Thread(target=handle, args=(connection,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    launchd.end()
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[2])
