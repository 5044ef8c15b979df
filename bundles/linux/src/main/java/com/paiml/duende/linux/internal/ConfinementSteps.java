package com.paiml.duende.linux.internal;

import static com.paiml.duende.linux.internal.StepList.value;

import com.paiml.duende.linux.confine.Capability;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.confine.Credentials;
import com.paiml.duende.linux.confine.IoPriority;
import com.paiml.duende.linux.confine.MountRule;
import com.paiml.duende.linux.confine.Namespace;
import com.paiml.duende.linux.confine.PathRule;
import com.paiml.duende.linux.internal.StepList.Argument;
import com.paiml.duende.linux.internal.StepList.Place;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.SystemCallTable;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.linux.process.SpawnRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns a confinement into the steps that put it in force. The order is what makes it work: groups
 * while the cgroup files are still in sight; namespaces before mounts; paths are opened before the
 * user changes and before the descriptor limit may forbid it; the bounding set while CAP_SETPCAP is
 * there; the working directory as the user who will work in it; the filter last, for it could forbid
 * any other step.
 */
final class ConfinementSteps {
  private static final int F_SETFD = 2;
  private static final int FD_CLOEXEC = 1;
  private static final int AT_EACCESS = 0x200;
  private static final int AT_RECURSIVE = 0x8000;
  private static final int X_OK = 1;
  // sys/mount.h
  private static final long MS_RDONLY = 1;
  private static final long MS_NOSUID = 2;
  private static final long MS_NODEV = 4;
  private static final long MS_BIND = 4096;
  private static final long MS_REC = 16384;
  private static final long MS_SLAVE = 1 << 19;
  private static final long MOUNT_ATTR_RDONLY = 1;
  // linux/prctl.h
  private static final int PR_SET_KEEPCAPS = 8;
  private static final int PR_CAPBSET_DROP = 24;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_CAP_AMBIENT = 47;
  private static final int PR_CAP_AMBIENT_RAISE = 2;
  private static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;
  private static final int CAPABILITY_VERSION_3 = 0x20080522;
  private static final int SECCOMP_SET_MODE_FILTER = 1;
  private static final int LANDLOCK_RULE_PATH_BENEATH = 1;
  private static final int PR_SET_IO_FLUSHER = 57;
  private static final int IOPRIO_WHO_PROCESS = 1;
  private static final int IOPRIO_CLASS_SHIFT = 13;
  private static final int O_PATH = 010000000;
  private static final int AF_INET = 2;
  private static final int SIOCSIFFLAGS = 0x8914;
  private static final int IFF_UP_RUNNING = 0x41;
  private static final int IFREQ_SIZE = 40;
  private static final int IFREQ_FLAGS = 16;

  private final Kernel kernel;
  private final Supplier<SystemCallTable> table;
  private final SpawnRequest request;
  private final Confinement confinement;
  private final StepList list;
  private final Argument here = value(Kernel.AT_FDCWD);
  private final Argument none = value(0);

  private ConfinementSteps(
      Kernel kernel, Supplier<SystemCallTable> table, SpawnRequest request, StepList list) {
    this.kernel = kernel;
    this.table = table;
    this.request = request;
    this.confinement = request.confinement();
    this.list = list;
  }

  /**
   * For the executor.
   *
   * @param table asked when system calls are to be filtered
   * @param own the numbers that the executor's own descriptors have in the child
   */
  static StepList of(
      Kernel kernel, Supplier<SystemCallTable> table, SpawnRequest request, int... own)
      throws LinuxException {
    StepList list = new StepList(kernel.architecture());
    for (int number : own) {
      list.call(
          Call.FCNTL, "descriptor " + number, value(number), value(F_SETFD), value(FD_CLOEXEC));
    }
    add(kernel, table, request, list);
    return list;
  }

  /** Adds all of them, the execve last, to what has to be done before. */
  static void add(
      Kernel kernel, Supplier<SystemCallTable> table, SpawnRequest request, StepList list)
      throws LinuxException {
    ConfinementSteps steps = new ConfinementSteps(kernel, table, request, list);
    steps.groups();
    steps.namespaces();
    steps.mounts();
    steps.scheduling();
    Place ruleset = steps.ruleset();
    steps.boundingSet();
    steps.limits();
    steps.user();
    steps.workingDirectory();
    steps.capabilities();
    steps.restrict(ruleset);
    steps.execute();
  }

  private void groups() {
    for (Path procs : confinement.cgroups()) {
      writeFile(procs.toString(), "0", "cgroup " + procs.getParent());
    }
    confinement
        .oomScoreAdjust()
        .ifPresent(
            score ->
                writeFile(
                    "/proc/self/oom_score_adj", Integer.toString(score), "oom_score_adj " + score));
  }

  private void writeFile(String path, String text, String what) {
    Place fd = list.room(4);
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    list.callStoring(
        fd,
        Call.OPENAT,
        path,
        here,
        list.string(path).pointer(),
        value(Kernel.O_WRONLY | Kernel.O_CLOEXEC));
    list.call(Call.WRITE, what, fd.load(), list.bytes(bytes).pointer(), value(bytes.length));
    list.call(Call.CLOSE, path, fd.load());
  }

  private void namespaces() {
    for (Path file : confinement.joinedNamespaces()) {
      Place fd = list.room(4);
      String path = file.toString();
      list.callStoring(
          fd, Call.OPENAT, path, here, list.string(path).pointer(), value(Kernel.O_CLOEXEC));
      list.call(Call.SETNS, "namespace " + path, fd.load(), none);
      list.call(Call.CLOSE, path, fd.load());
    }
    if (confinement.namespaces().isEmpty()) {
      return;
    }
    int flags = 0;
    for (Namespace one : confinement.namespaces()) {
      flags |= one.flag();
    }
    list.call(Call.UNSHARE, "namespaces " + confinement.namespaces(), value(flags));
    if (confinement.namespaces().contains(Namespace.NETWORK)) {
      loopbackUp();
    }
  }

  private void loopbackUp() {
    Place socket = list.room(4);
    Place interfaceRequest = list.room(IFREQ_SIZE);
    // The name first, as bytes; both architectures are little endian.
    list.putShort(interfaceRequest, 'l' | 'o' << 8);
    list.putShort(interfaceRequest.plus(IFREQ_FLAGS), IFF_UP_RUNNING);
    list.callStoring(
        socket,
        Call.SOCKET,
        "a socket to bring the loopback interface up",
        value(AF_INET),
        value(Layouts.SOCK_DGRAM | Layouts.SOCK_CLOEXEC));
    list.call(
        Call.IOCTL,
        "the loopback interface",
        socket.load(),
        value(SIOCSIFFLAGS),
        interfaceRequest.pointer());
    list.call(Call.CLOSE, "the loopback interface", socket.load());
  }

  private void mounts() {
    if (!confinement.namespaces().contains(Namespace.MOUNT)) {
      return;
    }
    // Slave, not private: what the machine mounts later is still seen, but never the reverse.
    mount("none", "/", null, MS_REC | MS_SLAVE, null);
    for (MountRule rule : confinement.mounts()) {
      switch (rule) {
        case MountRule.ReadOnly(Path path) -> bind(path, path, true);
        case MountRule.Bind(Path source, Path target, boolean readOnly) ->
            bind(source, target, readOnly);
        case MountRule.Tmpfs(Path target, long bytes) ->
            mount(
                "tmpfs",
                target.toString(),
                "tmpfs",
                MS_NOSUID | MS_NODEV,
                "mode=0755,size=" + bytes);
        case MountRule.Hidden(Path path) -> hide(path);
      }
    }
  }

  private void hide(Path path) {
    if (Files.isDirectory(path)) {
      mount(
          "tmpfs",
          path.toString(),
          "tmpfs",
          MS_RDONLY | MS_NOSUID | MS_NODEV,
          "mode=0000,size=4096");
    } else {
      bind(Path.of("/dev/null"), path, false);
    }
  }

  private void bind(Path source, Path target, boolean readOnly) {
    mount(source.toString(), target.toString(), null, MS_BIND | MS_REC, null);
    if (readOnly) {
      Place attributes = list.room(Layouts.MOUNT_ATTR_SIZE);
      list.putLong(attributes, MOUNT_ATTR_RDONLY);
      list.call(
          Call.MOUNT_SETATTR,
          target + " read-only",
          here,
          list.string(target.toString()).pointer(),
          value(AT_RECURSIVE),
          attributes.pointer(),
          value(Layouts.MOUNT_ATTR_SIZE));
    }
  }

  private void mount(
      String source, String target, @Nullable String type, long flags, @Nullable String options) {
    list.call(
        Call.MOUNT,
        source + " on " + target,
        list.string(source).pointer(),
        list.string(target).pointer(),
        type == null ? none : list.string(type).pointer(),
        value(flags),
        options == null ? none : list.string(options).pointer());
  }

  private void scheduling() throws LinuxException {
    confinement
        .umask()
        .ifPresent(
            bits -> list.call(Call.UMASK, "umask " + Integer.toOctalString(bits), value(bits)));
    confinement
        .nice()
        .ifPresent(nice -> list.call(Call.SETPRIORITY, "nice " + nice, none, none, value(nice)));
    if (confinement.ioPriority().isPresent()) {
      IoPriority priority = confinement.ioPriority().get();
      int packed = priority.schedulingClass().number() << IOPRIO_CLASS_SHIFT | priority.level();
      list.call(
          Call.IOPRIO_SET,
          "I/O priority " + priority.schedulingClass() + " " + priority.level(),
          value(IOPRIO_WHO_PROCESS),
          none,
          value(packed));
    }
    if (confinement.ioFlusher()) {
      list.call(
          Call.PRCTL, "the io-flusher flag", value(PR_SET_IO_FLUSHER), value(1), none, none, none);
    }
    processors();
  }

  private void processors() throws LinuxException {
    if (confinement.processors().isEmpty()) {
      return;
    }
    int words = 1024 / 64;
    long[] mask = new long[words];
    for (int processor : confinement.processors()) {
      if (processor < 0 || processor >= 64 * words) {
        throw new LinuxException(
            Errno.EINVAL,
            Call.SCHED_SETAFFINITY.manualName(),
            "processor " + processor,
            "Processors are numbered from 0 to 1023: see /proc/cpuinfo.");
      }
      mask[processor / 64] |= 1L << processor % 64;
    }
    Place place = list.room(8 * words);
    for (int i = 0; i < words; i++) {
      list.putLong(place.plus(8 * i), mask[i]);
    }
    list.call(
        Call.SCHED_SETAFFINITY,
        "processors " + confinement.processors(),
        none,
        value(8L * words),
        place.pointer());
  }

  private void limits() {
    for (Map.Entry<Resource, Limit> limit : new TreeMap<>(confinement.limits()).entrySet()) {
      Place place = list.room(16);
      list.putLong(place, limit.getValue().soft());
      list.putLong(place.plus(8), limit.getValue().hard());
      list.call(
          Call.PRLIMIT64,
          "RLIMIT_" + limit.getKey() + " " + limit.getValue(),
          none,
          value(limit.getKey().number()),
          place.pointer(),
          none);
    }
  }

  /** Opens every path while all of them are still in reach; the result is the ruleset's descriptor. */
  private Place ruleset() throws LinuxException {
    Place ruleset = list.room(4);
    if (confinement.paths().isEmpty()) {
      return ruleset;
    }
    int abi = Landlock.abi(kernel);
    long handled = Landlock.handled(abi);
    Place attributes = list.room(8);
    list.putLong(attributes, handled);
    list.callStoring(
        ruleset, Call.LANDLOCK_CREATE_RULESET, "the paths", attributes.pointer(), value(8), none);
    for (PathRule rule : confinement.paths().get()) {
      String path = rule.path().toString();
      // struct landlock_path_beneath_attr: the rights, then the descriptor
      Place beneath = list.room(12);
      list.putLong(beneath, Landlock.mask(rule.rights(), abi, Files.isDirectory(rule.path())));
      Place fd = beneath.plus(8);
      list.callStoring(
          fd,
          Call.OPENAT,
          "path " + path,
          here,
          list.string(path).pointer(),
          value(O_PATH | Kernel.O_CLOEXEC));
      list.call(
          Call.LANDLOCK_ADD_RULE,
          "path " + path,
          ruleset.load(),
          value(LANDLOCK_RULE_PATH_BENEATH),
          beneath.pointer(),
          none);
      list.call(Call.CLOSE, path, fd.load());
    }
    return ruleset;
  }

  private void boundingSet() throws LinuxException {
    if (confinement.capabilities().isEmpty()) {
      return;
    }
    Set<Capability> kept = confinement.capabilities().get();
    long mask = mask(kept);
    int last = kernel.lastCapability();
    for (int number = 0; number <= last; number++) {
      if ((mask & 1L << number) == 0) {
        list.call(
            Call.PRCTL, "dropping capability " + number, value(PR_CAPBSET_DROP), value(number));
      }
    }
  }

  private static long mask(Set<Capability> capabilities) {
    return capabilities.stream().mapToLong(Capability::bit).reduce(0, (a, b) -> a | b);
  }

  private void user() {
    if (confinement.user().isEmpty()) {
      return;
    }
    Credentials user = confinement.user().get();
    if (confinement.capabilities().isPresent()) {
      list.call(Call.PRCTL, "keeping capabilities", value(PR_SET_KEEPCAPS), value(1));
    }
    List<Integer> groups = user.groups();
    Place ids = list.room(4 * Math.max(1, groups.size()));
    for (int i = 0; i < groups.size(); i++) {
      list.putInt(ids.plus(4 * i), groups.get(i));
    }
    list.call(Call.SETGROUPS, "groups " + groups, value(groups.size()), ids.pointer());
    Argument gid = value(user.gid());
    list.call(Call.SETRESGID, "group " + user.gid(), gid, gid, gid);
    Argument uid = value(user.uid());
    list.call(Call.SETRESUID, "user " + user.uid(), uid, uid, uid);
  }

  private void workingDirectory() {
    request
        .workingDirectory()
        .ifPresent(
            directory ->
                list.call(
                    Call.CHDIR,
                    "the working directory " + directory,
                    list.string(directory.toString()).pointer()));
  }

  private void capabilities() {
    if (confinement.capabilities().isEmpty()) {
      return;
    }
    Set<Capability> kept = confinement.capabilities().get();
    long mask = mask(kept);
    String what = "capabilities " + kept;
    Place header = list.room(8);
    list.putInt(header, CAPABILITY_VERSION_3);
    // struct __user_cap_data_struct twice: effective, permitted, inheritable; low half, high half
    Place data = list.room(24);
    for (int i = 0; i < 3; i++) {
      list.putInt(data.plus(4 * i), (int) mask);
      list.putInt(data.plus(12 + 4 * i), (int) (mask >>> 32));
    }
    list.call(
        Call.PRCTL, what, value(PR_CAP_AMBIENT), value(PR_CAP_AMBIENT_CLEAR_ALL), none, none, none);
    list.call(Call.CAPSET, what, header.pointer(), data.pointer());
    for (Capability capability : kept) {
      list.call(
          Call.PRCTL,
          "ambient " + capability.manualName(),
          value(PR_CAP_AMBIENT),
          value(PR_CAP_AMBIENT_RAISE),
          value(capability.number()),
          none,
          none);
    }
  }

  private void restrict(Place ruleset) throws LinuxException {
    boolean paths = confinement.paths().isPresent();
    boolean filtered = confinement.systemCalls().isPresent();
    if (confinement.noNewPrivileges() || paths || filtered) {
      list.call(Call.PRCTL, "no_new_privs", value(PR_SET_NO_NEW_PRIVS), value(1), none, none, none);
    }
    if (paths) {
      list.call(Call.LANDLOCK_RESTRICT_SELF, "the paths", ruleset.load(), none);
    }
    if (filtered) {
      checkProgram();
      filter(FilterProgram.of(confinement.systemCalls().get(), table.get()));
    }
  }

  /** The filter may forbid the write that would report a failing execve, so most are found before. */
  private void checkProgram() {
    list.callTolerating(
        Errno.ENOSYS,
        Call.FACCESSAT2,
        request.program().toString(),
        here,
        list.string(request.program().toString()).pointer(),
        value(X_OK),
        value(AT_EACCESS));
  }

  private void filter(byte[] instructions) {
    Place program = list.bytes(instructions);
    // struct sock_fprog
    Place description = list.room(16);
    list.putShort(description, instructions.length / 8);
    list.putPointer(description.plus(8), program);
    list.call(
        Call.SECCOMP,
        "the system call filter",
        value(SECCOMP_SET_MODE_FILTER),
        none,
        description.pointer());
  }

  private void execute() {
    String program = request.program().toString();
    list.call(
        Call.EXECVE,
        program,
        list.string(program).pointer(),
        StepList.OWN_ARGUMENTS,
        StepList.OWN_ENVIRONMENT);
  }
}
