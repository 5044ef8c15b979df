package com.paiml.duende.linux.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.linux.bpf.BpfProgram;
import com.paiml.duende.linux.bpf.MapType;
import com.paiml.duende.linux.confine.Capability;
import com.paiml.duende.linux.confine.IoPriority;
import com.paiml.duende.linux.confine.Namespace;
import com.paiml.duende.linux.confine.PathRule;
import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.SystemCallTable;
import com.paiml.duende.linux.limits.MemoryLocking;
import com.paiml.duende.linux.limits.Resource;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every size, offset and constant of the kernel and the C library that is written down in Java,
 * against what the compiler makes of the headers. For the other architecture a cross compiler only
 * compiles the assertions: that is a check of the layouts, not of the code.
 */
class LayoutTest {
  private static final String HEADERS =
      """
      #define _GNU_SOURCE
      #include <stddef.h>
      #include <errno.h>
      #include <fcntl.h>
      #include <poll.h>
      #include <signal.h>
      #include <spawn.h>
      #include <time.h>
      #include <unistd.h>
      #include <sys/epoll.h>
      #include <elf.h>
      #include <linux/close_range.h>
      #include <sys/eventfd.h>
      #include <sys/inotify.h>
      #include <sys/ioctl.h>
      #include <sys/mman.h>
      #include <sys/mount.h>
      #include <sys/prctl.h>
      #include <sys/resource.h>
      #include <sys/socket.h>
      #include <sys/stat.h>
      #include <sys/syscall.h>
      #include <sys/timerfd.h>
      #include <sys/uio.h>
      #include <sys/un.h>
      #include <linux/vm_sockets.h>
      #include <sys/wait.h>
      #include <net/if.h>
      #include <sched.h>
      /* The kernel's fcntl.h repeats what the C library's has. */
      #define _ASM_GENERIC_FCNTL_H
      #define F_LINUX_SPECIFIC_BASE 1024
      #define PAGE_SIZE 4096
      #include <linux/audit.h>
      #include <linux/binfmts.h>
      #include <linux/bpf.h>
      #include <linux/capability.h>
      #include <linux/falloc.h>
      #include <linux/filter.h>
      #include <linux/ioprio.h>
      #include <linux/landlock.h>
      #include <linux/memfd.h>
      #include <linux/pidfd.h>
      #include <linux/seccomp.h>
      #ifndef MOUNT_ATTR_SIZE_VER0
      #include <linux/mount.h>
      #endif
      """;

  /** Java constant, C expression. */
  private static final String CONSTANTS =
      """
      Bpf.ALLOW_MULTI = BPF_F_ALLOW_MULTI
      Bpf.ENABLE_STATS = (int)BPF_ENABLE_STATS
      Bpf.INFO_RUN_TIME = offsetof(struct bpf_prog_info, run_time_ns)
      Bpf.PROG_TYPE_RAW_TRACEPOINT = (int)BPF_PROG_TYPE_RAW_TRACEPOINT
      Bpf.RAW_TRACEPOINT_OPEN = (int)BPF_RAW_TRACEPOINT_OPEN
      Bpf.ATTACH_EGRESS = (int)BPF_CGROUP_INET_EGRESS
      Bpf.ATTACH_INGRESS = (int)BPF_CGROUP_INET_INGRESS
      Bpf.INFO_MAP_IDS = offsetof(struct bpf_prog_info, map_ids)
      Bpf.INFO_NAME = offsetof(struct bpf_prog_info, name)
      Bpf.INFO_NR_MAP_IDS = offsetof(struct bpf_prog_info, nr_map_ids)
      Bpf.MAP_CREATE = (int)BPF_MAP_CREATE
      Bpf.MAP_GET_FD_BY_ID = (int)BPF_MAP_GET_FD_BY_ID
      Bpf.MAP_LOOKUP_ELEM = (int)BPF_MAP_LOOKUP_ELEM
      Bpf.MAP_UPDATE_ELEM = (int)BPF_MAP_UPDATE_ELEM
      Bpf.NAME_LENGTH = sizeof(((struct bpf_prog_info *)0)->name)
      Bpf.OBJ_GET_INFO_BY_FD = (int)BPF_OBJ_GET_INFO_BY_FD
      Bpf.PROG_ATTACH = (int)BPF_PROG_ATTACH
      Bpf.PROG_DETACH = (int)BPF_PROG_DETACH
      Bpf.PROG_GET_FD_BY_ID = (int)BPF_PROG_GET_FD_BY_ID
      Bpf.PROG_LOAD = (int)BPF_PROG_LOAD
      Bpf.PROG_QUERY = (int)BPF_PROG_QUERY
      Bpf.PROG_TYPE_CGROUP_SKB = (int)BPF_PROG_TYPE_CGROUP_SKB
      ChildDescriptors.F_DUPFD_CLOEXEC = F_DUPFD_CLOEXEC
      ChildDescriptors.F_SETFL = F_SETFL
      ConfinementSteps.AF_INET = AF_INET
      ConfinementSteps.AT_EACCESS = AT_EACCESS
      ConfinementSteps.AT_RECURSIVE = AT_RECURSIVE
      ConfinementSteps.CAPABILITY_VERSION_3 = _LINUX_CAPABILITY_VERSION_3
      ConfinementSteps.FD_CLOEXEC = FD_CLOEXEC
      ConfinementSteps.F_SETFD = F_SETFD
      ConfinementSteps.IFF_UP_RUNNING = (IFF_UP|IFF_RUNNING)
      ConfinementSteps.IFREQ_FLAGS = offsetof(struct ifreq, ifr_flags)
      ConfinementSteps.IFREQ_SIZE = sizeof(struct ifreq)
      ConfinementSteps.IOPRIO_CLASS_SHIFT = IOPRIO_CLASS_SHIFT
      ConfinementSteps.IOPRIO_WHO_PROCESS = IOPRIO_WHO_PROCESS
      ConfinementSteps.LANDLOCK_RULE_PATH_BENEATH = LANDLOCK_RULE_PATH_BENEATH
      ConfinementSteps.MOUNT_ATTR_RDONLY = MOUNT_ATTR_RDONLY
      ConfinementSteps.MS_BIND = MS_BIND
      ConfinementSteps.MS_NODEV = MS_NODEV
      ConfinementSteps.MS_NOSUID = MS_NOSUID
      ConfinementSteps.MS_RDONLY = MS_RDONLY
      ConfinementSteps.MS_REC = MS_REC
      ConfinementSteps.MS_SLAVE = MS_SLAVE
      ConfinementSteps.O_PATH = O_PATH
      ConfinementSteps.PR_CAPBSET_DROP = PR_CAPBSET_DROP
      ConfinementSteps.PR_CAP_AMBIENT = PR_CAP_AMBIENT
      ConfinementSteps.PR_CAP_AMBIENT_CLEAR_ALL = PR_CAP_AMBIENT_CLEAR_ALL
      ConfinementSteps.PR_CAP_AMBIENT_RAISE = PR_CAP_AMBIENT_RAISE
      ConfinementSteps.PR_SET_IO_FLUSHER = PR_SET_IO_FLUSHER
      ConfinementSteps.PR_SET_KEEPCAPS = PR_SET_KEEPCAPS
      ConfinementSteps.PR_SET_NO_NEW_PRIVS = PR_SET_NO_NEW_PRIVS
      ConfinementSteps.SECCOMP_SET_MODE_FILTER = SECCOMP_SET_MODE_FILTER
      ConfinementSteps.SIOCSIFFLAGS = SIOCSIFFLAGS
      ConfinementSteps.X_OK = X_OK
      ControlFiles.AT_REMOVEDIR = AT_REMOVEDIR
      CgroupTwo.EPOLLPRI = EPOLLPRI
      EpollLoop.CTL_ADD = EPOLL_CTL_ADD
      EpollLoop.CTL_DEL = EPOLL_CTL_DEL
      EpollLoop.CTL_MOD = EPOLL_CTL_MOD
      Executor.F_ADD_SEALS = F_ADD_SEALS
      Executor.MFD_ALLOW_SEALING = MFD_ALLOW_SEALING
      Executor.MFD_CLOEXEC = MFD_CLOEXEC
      Executor.MFD_EXEC = MFD_EXEC
      Executor.SEAL_ALL = (F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_WRITE)
      Facilities.F_SETFL = F_SETFL
      Features.CAP_SYS_ADMIN = CAP_SYS_ADMIN
      Features.PR_CAPBSET_READ = PR_CAPBSET_READ
      Features.SECCOMP_GET_ACTION_AVAIL = SECCOMP_GET_ACTION_AVAIL
      Features.SECCOMP_RET_KILL_PROCESS = (int)SECCOMP_RET_KILL_PROCESS
      FilterProgram.AT_LEAST = (BPF_JMP|BPF_JGE|BPF_K)
      FilterProgram.DATA_ARCH = offsetof(struct seccomp_data, arch)
      FilterProgram.DATA_NR = offsetof(struct seccomp_data, nr)
      FilterProgram.EQUAL = (BPF_JMP|BPF_JEQ|BPF_K)
      FilterProgram.JUMP = (BPF_JMP|BPF_JA)
      FilterProgram.LOAD = (BPF_LD|BPF_W|BPF_ABS)
      FilterProgram.MAX_INSTRUCTIONS = BPF_MAXINSNS
      FilterProgram.RETURN = (BPF_RET|BPF_K)
      FilterProgram.RET_ALLOW = (int)SECCOMP_RET_ALLOW
      FilterProgram.RET_ERRNO = (int)SECCOMP_RET_ERRNO
      FilterProgram.RET_KILL_PROCESS = (int)SECCOMP_RET_KILL_PROCESS
      FilterProgram.RET_LOG = (int)SECCOMP_RET_LOG
      InotifyWrites.EVENT_LEN = offsetof(struct inotify_event, len)
      InotifyWrites.EVENT_MASK = offsetof(struct inotify_event, mask)
      InotifyWrites.EVENT_SIZE = sizeof(struct inotify_event)
      InotifyWrites.IN_DELETE_SELF = IN_DELETE_SELF
      InotifyWrites.IN_MODIFY = IN_MODIFY
      InotifyWrites.IN_MOVE_SELF = IN_MOVE_SELF
      InotifyWrites.IN_ONESHOT = (int)IN_ONESHOT
      InotifyWrites.IN_Q_OVERFLOW = IN_Q_OVERFLOW
      Kernel.AT_FDCWD = AT_FDCWD
      Kernel.O_APPEND = O_APPEND
      Kernel.O_CLOEXEC = O_CLOEXEC
      Kernel.O_CREAT = O_CREAT
      Kernel.O_NOCTTY = O_NOCTTY
      Kernel.O_NONBLOCK = O_NONBLOCK
      Kernel.O_PATH = O_PATH
      Kernel.O_RDONLY = O_RDONLY
      Kernel.O_RDWR = O_RDWR
      Kernel.O_WRONLY = O_WRONLY
      KernelCgroup.SIGKILL = SIGKILL
      KernelFileRanges.COLLAPSE_RANGE = FALLOC_FL_COLLAPSE_RANGE
      KernelFileRanges.KEEP_SIZE = FALLOC_FL_KEEP_SIZE
      KernelFileRanges.PUNCH_HOLE = FALLOC_FL_PUNCH_HOLE
      KernelFileRanges.SEEK_DATA = SEEK_DATA
      KernelMemoryLocking.MLOCK_ONFAULT = MLOCK_ONFAULT
      KernelPidfd.PIDFD_SIGNAL_PROCESS_GROUP = PIDFD_SIGNAL_PROCESS_GROUP
      KernelPidfd.P_PIDFD = P_PIDFD
      KernelPidfd.WEXITED = WEXITED
      KernelPidfd.WNOHANG = WNOHANG
      Landlock.CREATE_RULESET_VERSION = LANDLOCK_CREATE_RULESET_VERSION
      Layouts.AF_UNIX = AF_UNIX
      Layouts.AF_VSOCK = AF_VSOCK
      Layouts.CLD_DUMPED = CLD_DUMPED
      Layouts.CLD_EXITED = CLD_EXITED
      Layouts.CMSG_HEADER = CMSG_LEN(0)
      Layouts.CMSG_LEVEL = offsetof(struct cmsghdr, cmsg_level)
      Layouts.CMSG_TYPE = offsetof(struct cmsghdr, cmsg_type)
      Layouts.IOVEC_LEN = offsetof(struct iovec, iov_len)
      Layouts.IOVEC_SIZE = sizeof(struct iovec)
      Layouts.ITIMERSPEC_SIZE = sizeof(struct itimerspec)
      Layouts.MOUNT_ATTR_SIZE = sizeof(struct mount_attr)
      Layouts.MSGHDR_CONTROL = offsetof(struct msghdr, msg_control)
      Layouts.MSGHDR_CONTROLLEN = offsetof(struct msghdr, msg_controllen)
      Layouts.MSGHDR_FLAGS = offsetof(struct msghdr, msg_flags)
      Layouts.MSGHDR_IOV = offsetof(struct msghdr, msg_iov)
      Layouts.MSGHDR_IOVLEN = offsetof(struct msghdr, msg_iovlen)
      Layouts.MSGHDR_SIZE = sizeof(struct msghdr)
      Layouts.MSG_CMSG_CLOEXEC = MSG_CMSG_CLOEXEC
      Layouts.MSG_TRUNC = MSG_TRUNC
      Layouts.PIDFD_GET_INFO = PIDFD_GET_INFO
      Layouts.PIDFD_INFO_EXIT = PIDFD_INFO_EXIT
      Layouts.POLLFD_EVENTS = offsetof(struct pollfd, events)
      Layouts.POLLFD_SIZE = sizeof(struct pollfd)
      Layouts.POSIX_SPAWN_SETSID = POSIX_SPAWN_SETSID
      Layouts.POSIX_SPAWN_SETSIGDEF = POSIX_SPAWN_SETSIGDEF
      Layouts.POSIX_SPAWN_SETSIGMASK = POSIX_SPAWN_SETSIGMASK
      Layouts.RLIMIT_SIZE = sizeof(struct rlimit)
      Layouts.SCM_CREDENTIALS = SCM_CREDENTIALS
      Layouts.SCM_RIGHTS = SCM_RIGHTS
      Layouts.SIGEVENT_SIGNO = offsetof(struct sigevent, sigev_signo)
      Layouts.SIGEVENT_SIZE = sizeof(struct sigevent)
      Layouts.SIGINFO_CODE = offsetof(siginfo_t, si_code)
      Layouts.SIGINFO_PID = offsetof(siginfo_t, si_pid)
      Layouts.SIGINFO_SIZE = sizeof(siginfo_t)
      Layouts.SIGINFO_STATUS = offsetof(siginfo_t, si_status)
      Layouts.SIGSET_SIZE = sizeof(sigset_t)
      Layouts.SOCKADDR_VM_CID = offsetof(struct sockaddr_vm, svm_cid)
      Layouts.SOCKADDR_VM_PORT = offsetof(struct sockaddr_vm, svm_port)
      Layouts.SOCKADDR_VM_SIZE = sizeof(struct sockaddr_vm)
      Layouts.SOCKADDR_UN_PATH = offsetof(struct sockaddr_un, sun_path)
      Layouts.SOCK_CLOEXEC = SOCK_CLOEXEC
      Layouts.SOCK_DGRAM = SOCK_DGRAM
      Layouts.SOCK_STREAM = SOCK_STREAM
      Layouts.SOCK_NONBLOCK = SOCK_NONBLOCK
      Layouts.SOL_SOCKET = SOL_SOCKET
      Layouts.SO_ERROR = SO_ERROR
      Layouts.SO_PASSCRED = SO_PASSCRED
      Layouts.SO_PEERCRED = SO_PEERCRED
      Layouts.TIMESPEC_SIZE = sizeof(struct timespec)
      Layouts.UCRED_SIZE = sizeof(struct ucred)
      Poll.POLLIN = POLLIN
      MappedRing.AT_PAGESZ = AT_PAGESZ
      MappedRing.BUSY = (int)BPF_RINGBUF_BUSY_BIT
      MappedRing.DISCARDED = (int)BPF_RINGBUF_DISCARD_BIT
      MappedRing.HEADER = (int)BPF_RINGBUF_HDR_SZ
      MappedRing.MAP_SHARED = MAP_SHARED
      MappedRing.PROT_READ = PROT_READ
      MappedRing.PROT_WRITE = PROT_WRITE
      PosixSpawner.P_PID = P_PID
      PosixSpawner.SIGKILL = SIGKILL
      PosixSpawner.WEXITED = WEXITED
      PosixSpawner.WNOHANG = WNOHANG
      SpawnFaults.MAX_STRING = MAX_ARG_STRLEN
      SpawnFaults.X_OK = X_OK
      StepReport.MFD_CLOEXEC = MFD_CLOEXEC
      StepReport.SIGKILL = SIGKILL
      ExitWatch.SIGKILL = SIGKILL
      Successor.MAP_ANONYMOUS = MAP_ANONYMOUS
      Successor.MAP_PRIVATE = MAP_PRIVATE
      Successor.PROT_READ = PROT_READ
      Successor.PROT_WRITE = PROT_WRITE
      TimerFd.CLOCK_MONOTONIC = CLOCK_MONOTONIC
      VforkCode.MAP_PRIVATE = MAP_PRIVATE
      VforkCode.PROT_EXEC = PROT_EXEC
      VforkCode.PROT_READ = PROT_READ
      VforkSpawner.CLOCK_MONOTONIC = CLOCK_MONOTONIC
      VforkSpawner.CLOSE_RANGE_UNSHARE = CLOSE_RANGE_UNSHARE
      VforkSpawner.SIGKILL = SIGKILL
      UnixAddress.MAX_PATH = (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
      UnixSockets.S_IFMT = S_IFMT
      UnixSockets.S_IFSOCK = S_IFSOCK
      """;

  /** Constants that are nobody's but ours. */
  private static final Set<String> OURS =
      Set.of(
          "InotifyWrites.ROOM",
          "Kernel.PAGE",
          "Bpf.ATTR_SIZE",
          "Bpf.INFO_SIZE",
          "Bpf.LOG_SIZE",
          "Bpf.MAX_ATTACHED",
          "CgroupOne.FIRST_PERIOD",
          "ChildDescriptors.LOG_MODE",
          "ControlFiles.FOLDER_MODE",
          "EpollLoop.BATCH",
          "EpollLoop.STOP",
          "KernelProcessLimits.NAME_WIDTH",
          "Fd.CLOSED",
          "FilterProgram.FOREIGN",
          "FilterProgram.MAX_SHORT_JUMP",
          "Hierarchy.MOUNT_POINT",
          "Hierarchy.ROOT",
          "Kernel.FILE_MAX",
          "KernelCgroup.FIRST_PAUSE_NANOS",
          "KernelCgroup.HELD_AT_ONCE",
          "KernelCgroup.LONGEST_PAUSE_NANOS",
          "Layouts.PIDFD_INFO_EXIT_CODE",
          "Layouts.PIDFD_INFO_MASK",
          "Layouts.PIDFD_INFO_SIZE",
          "Layouts.SPAWN_ACTIONS_ROOM",
          "Layouts.SPAWN_ATTR_ROOM",
          "LowNumbers.COUNT",
          "MappedRing.USUAL_PAGE",
          "Nearest.FAR",
          "NetworkPolicer.BURST",
          "NetworkPolicer.BURST_NANOS",
          "NetworkPolicer.NANOS_PER_SECOND",
          "NetworkPolicer.PAID_UNTIL",
          "NetworkPolicer.RATE",
          "NetworkPolicer.VALUE_SIZE",
          "PosixSpawner.FIRST_AFTER_STDIO",
          "PosixSpawner.PAUSE_NANOS",
          "ProcFiles.EXIT_CODE",
          "ProcFiles.FIRST_AFTER_NAME",
          "StepList.ARGUMENTS",
          "StepList.FIRST_DATA",
          "StepList.HEADER",
          "StepList.MAGIC",
          "StepList.MAX_BYTES",
          "StepList.NOWHERE",
          "StepList.RELOCATE",
          "StepList.STEP",
          "StepList.STEP_NONE",
          "StepReport.WORDS",
          "Succession.FREE",
          "Succession.SLOTS",
          "Succession.SLOT_NEXT",
          "Succession.SLOT_SIZE",
          "Succession.TAKEN",
          "Successor.CODE",
          "Successor.CODES",
          "Successor.PAGE",
          "Successor.PID",
          "Successor.POPULATION",
          "Successor.PROCESS",
          "Successor.SIGNALS",
          "Successor.STATUS",
          "Successor.STEP_ALIGNMENT",
          "Successor.SUCCESSOR_SIZE",
          "Successor.TOOK",
          "UnixNotifySocket.CONTROL_BYTES",
          "UnixStreamListener.BACKLOG",
          "VforkCode.ARGUMENTS",
          "VforkCode.ENVIRONMENT",
          "VforkCode.FAILED_ERROR",
          "VforkCode.FAILED_STEP",
          "VforkCode.LIST",
          "VforkCode.PIDFD",
          "VforkCode.ROOM",
          "VforkCode.SIZE",
          "VforkCode.STACK",
          "VforkCode.STACK_TOP",
          "VforkCode.START_SIZE",
          "VforkCode.TURN_COUNT",
          "VforkCode.TURN_ENTRY",
          "VforkCode.TURN_EPOLL",
          "VforkCode.TURN_EVENTS",
          "VforkCode.TURN_MOST",
          "VforkCode.TURN_SIZE",
          "VforkCode.TURN_SLOTS",
          "VforkCode.TURN_TIMEOUT",
          "VforkSpawner.EVERY_DESCRIPTOR",
          "VforkSpawner.FIRST_AFTER_STDIO",
          "VforkSpawner.MAX_PREPARED");

  /** Offsets that stand in the code as they are, beside the struct's name. */
  private static final Map<String, Long> INLINE =
      Map.ofEntries(
          Map.entry("offsetof(struct rlimit, rlim_max)", 8L),
          Map.entry("offsetof(struct itimerspec, it_value)", 16L),
          Map.entry("offsetof(struct timespec, tv_nsec)", 8L),
          Map.entry("offsetof(struct ucred, uid)", 4L),
          Map.entry("offsetof(struct ucred, gid)", 8L),
          Map.entry("sizeof(struct sock_filter)", 8L),
          Map.entry("offsetof(struct sock_filter, k)", 4L),
          Map.entry("sizeof(struct sock_fprog)", 16L),
          Map.entry("offsetof(struct sock_fprog, filter)", 8L),
          Map.entry("sizeof(struct __user_cap_header_struct)", 8L),
          Map.entry("sizeof(struct __user_cap_data_struct)", 12L),
          Map.entry("sizeof(struct landlock_path_beneath_attr)", 12L),
          Map.entry("offsetof(struct landlock_path_beneath_attr, parent_fd)", 8L),
          Map.entry("offsetof(struct landlock_ruleset_attr, handled_access_fs)", 0L),
          Map.entry("(sizeof(posix_spawnattr_t) <= 512)", 1L),
          Map.entry("(sizeof(posix_spawn_file_actions_t) <= 256)", 1L),
          Map.entry("sizeof(gid_t)", 4L),
          Map.entry("offsetof(union bpf_attr, map_type)", 0L),
          Map.entry("offsetof(union bpf_attr, key_size)", 4L),
          Map.entry("offsetof(union bpf_attr, value_size)", 8L),
          Map.entry("offsetof(union bpf_attr, max_entries)", 12L),
          Map.entry("offsetof(union bpf_attr, map_name)", 28L),
          Map.entry("offsetof(union bpf_attr, map_fd)", 0L),
          Map.entry("offsetof(union bpf_attr, key)", 8L),
          Map.entry("offsetof(union bpf_attr, value)", 16L),
          Map.entry("offsetof(union bpf_attr, prog_type)", 0L),
          Map.entry("offsetof(union bpf_attr, insn_cnt)", 4L),
          Map.entry("offsetof(union bpf_attr, insns)", 8L),
          Map.entry("offsetof(union bpf_attr, license)", 16L),
          Map.entry("offsetof(union bpf_attr, log_level)", 24L),
          Map.entry("offsetof(union bpf_attr, log_size)", 28L),
          Map.entry("offsetof(union bpf_attr, log_buf)", 32L),
          Map.entry("offsetof(union bpf_attr, prog_name)", 48L),
          Map.entry("offsetof(union bpf_attr, expected_attach_type)", 68L),
          Map.entry("offsetof(union bpf_attr, target_fd)", 0L),
          Map.entry("offsetof(union bpf_attr, attach_bpf_fd)", 4L),
          Map.entry("offsetof(union bpf_attr, attach_type)", 8L),
          Map.entry("offsetof(union bpf_attr, attach_flags)", 12L),
          Map.entry("offsetof(union bpf_attr, query.target_fd)", 0L),
          Map.entry("offsetof(union bpf_attr, query.attach_type)", 4L),
          Map.entry("offsetof(union bpf_attr, query.prog_ids)", 16L),
          Map.entry("offsetof(union bpf_attr, query.prog_cnt)", 24L),
          Map.entry("offsetof(union bpf_attr, info.bpf_fd)", 0L),
          Map.entry("offsetof(union bpf_attr, info.info_len)", 4L),
          Map.entry("offsetof(union bpf_attr, info.info)", 8L),
          Map.entry("offsetof(union bpf_attr, prog_id)", 0L),
          Map.entry("offsetof(union bpf_attr, map_id)", 0L),
          Map.entry("offsetof(struct __sk_buff, len)", 0L),
          Map.entry("offsetof(struct bpf_insn, off)", 2L),
          Map.entry("offsetof(struct bpf_insn, imm)", 4L));

  @TempDir Path dir;

  @Test
  void everyConstantIsCheckedOrNamedAsOurs() throws Exception {
    Set<String> unchecked = new TreeSet<>(constants().keySet());
    unchecked.removeAll(OURS);
    CONSTANTS.lines().forEach(line -> unchecked.remove(line.split(" = ", 2)[0]));
    assertEquals(Set.of(), unchecked, "neither in the table nor among ours");
    Set<String> stale = new TreeSet<>(OURS);
    stale.removeAll(constants().keySet());
    assertEquals(Set.of(), stale, "named as ours but not there");
  }

  private static Map<String, Long> constants() throws Exception {
    Map<String, Long> constants = new LinkedHashMap<>();
    Path classes = Path.of(Layouts.class.getResource("Layouts.class").toURI()).getParent();
    try (var files = Files.list(classes)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (!name.endsWith(".class") || name.contains("$") || name.startsWith("package")) {
          continue;
        }
        String simple = name.substring(0, name.length() - 6);
        Class<?> type = Class.forName(Layouts.class.getPackageName() + "." + simple);
        if (!type.getProtectionDomain().equals(Layouts.class.getProtectionDomain())) {
          continue;
        }
        for (Field field : type.getDeclaredFields()) {
          boolean number =
              field.getType() == int.class
                  || field.getType() == long.class
                  || field.getType() == short.class;
          if (Modifier.isStatic(field.getModifiers()) && number) {
            field.setAccessible(true);
            constants.put(simple + "." + field.getName(), ((Number) field.get(null)).longValue());
          }
        }
      }
    }
    return constants;
  }

  /** C expression, what Java thinks that it is. */
  private static Map<String, Long> expectations(Architecture architecture) throws Exception {
    Map<String, Long> all = new LinkedHashMap<>(INLINE);
    Map<String, Long> constants = constants();
    for (String line : CONSTANTS.lines().toList()) {
      String[] part = line.split(" = ", 2);
      assertTrue(constants.containsKey(part[0]), () -> part[0] + " is not there any more");
      Long before = all.put(part[1], constants.get(part[0]));
      assertTrue(before == null || before.equals(constants.get(part[0])), part[1]);
    }
    boolean x86 = architecture == Architecture.X86_64;
    all.put("sizeof(struct epoll_event)", x86 ? 12L : 16L);
    all.put("offsetof(struct epoll_event, data)", x86 ? 4L : 8L);
    all.put("EPOLLIN", (long) Readiness.IN);
    all.put("EPOLLOUT", (long) Readiness.OUT);
    all.put("EPOLLERR", (long) Readiness.ERROR);
    all.put("EPOLLHUP", (long) Readiness.HANGUP);
    all.put(
        x86 ? "(int)AUDIT_ARCH_X86_64" : "(int)AUDIT_ARCH_AARCH64",
        (long) architecture.auditNumber());
    for (Call call : Call.values()) {
      all.put("SYS_" + call.manualName(), (long) call.number(architecture));
    }
    for (Errno errno : Errno.values()) {
      all.put(errno.name(), (long) errno.number());
    }
    for (Capability capability : Capability.values()) {
      all.put(capability.manualName(), (long) capability.number());
    }
    for (Resource resource : Resource.values()) {
      all.put("RLIMIT_" + resource, (long) resource.number());
    }
    for (MemoryLocking.Scope scope : MemoryLocking.Scope.values()) {
      all.put("MCL_" + scope.name().replace("_", ""), (long) scope.flag());
    }
    for (PathRule.Right right : PathRule.Right.values()) {
      all.put("LANDLOCK_ACCESS_FS_" + right, right.bit());
    }
    Map<Namespace, String> names =
        Map.of(
            Namespace.MOUNT, "CLONE_NEWNS",
            Namespace.CGROUP, "CLONE_NEWCGROUP",
            Namespace.UTS, "CLONE_NEWUTS",
            Namespace.IPC, "CLONE_NEWIPC",
            Namespace.NETWORK, "CLONE_NEWNET");
    names.forEach((namespace, name) -> all.put(name, (long) namespace.flag()));
    for (BpfProgram.Helper helper : BpfProgram.Helper.values()) {
      all.put("(int)BPF_FUNC_" + helper.name().toLowerCase(Locale.ROOT), (long) helper.number());
    }
    for (BpfProgram.Condition condition : BpfProgram.Condition.values()) {
      all.put("BPF_" + condition, (long) condition.code());
    }
    for (BpfProgram.Operation operation : BpfProgram.Operation.values()) {
      all.put("BPF_" + operation, (long) operation.code());
    }
    for (MapType type : MapType.values()) {
      all.put("(int)BPF_MAP_TYPE_" + type, (long) type.number());
    }
    all.put("BPF_B", (long) BpfProgram.Width.BYTE.code());
    all.put("BPF_H", (long) BpfProgram.Width.SHORT.code());
    all.put("BPF_W", (long) BpfProgram.Width.WORD.code());
    all.put("BPF_DW", (long) BpfProgram.Width.LONG.code());
    all.put("(BPF_LDX|BPF_MEM)", 0x61L);
    all.put("(BPF_ST|BPF_MEM)", 0x62L);
    all.put("(BPF_STX|BPF_MEM)", 0x63L);
    all.put("(BPF_STX|BPF_ATOMIC|BPF_DW)", 0xdbL);
    all.put("(BPF_LD|BPF_IMM|BPF_DW)", 0x18L);
    all.put("BPF_ALU64", 0x07L);
    all.put("BPF_JMP", 0x05L);
    all.put("BPF_X", 0x08L);
    all.put("(BPF_JMP|BPF_CALL)", 0x85L);
    all.put("(BPF_JMP|BPF_EXIT)", 0x95L);
    all.put("BPF_PSEUDO_MAP_FD", 1L);
    all.put("BPF_CMPXCHG", 0xf1L);
    all.put("IOPRIO_CLASS_RT", (long) IoPriority.SchedulingClass.REALTIME.number());
    all.put("IOPRIO_CLASS_BE", (long) IoPriority.SchedulingClass.BEST_EFFORT.number());
    all.put("IOPRIO_CLASS_IDLE", (long) IoPriority.SchedulingClass.IDLE.number());
    return all;
  }

  private static final Pattern MACRO = Pattern.compile("[A-Z_][A-Za-z0-9_]*");

  /** Macros in an expression: an older header may lack them, and then nothing can be compared. */
  private static List<String> macros(String expression) {
    List<String> macros = new ArrayList<>();
    Matcher matcher = MACRO.matcher(expression.replaceAll("offsetof\\(.*\\)|sizeof\\(.*\\)", ""));
    while (matcher.find()) {
      if (!matcher.group().startsWith("IOPRIO_CLASS_")
          && !matcher.group().startsWith("IOPRIO_WHO")
          && !Set.of("P_PID", "P_PIDFD", "WNOHANG").contains(matcher.group())
          && !matcher.group().startsWith("CLD_")
          && !matcher.group().startsWith("LANDLOCK_RULE")
          && !matcher.group().startsWith("SCM_")
          && !matcher.group().startsWith("MSG_")
          && !matcher.group().startsWith("BPF_MAP_")
          && !matcher.group().startsWith("BPF_PROG_")
          && !matcher.group().startsWith("BPF_OBJ_")
          && !matcher.group().startsWith("BPF_FUNC_")
          && !matcher.group().startsWith("BPF_RAW_")
          && !matcher.group().startsWith("BPF_RINGBUF_")
          && !matcher.group().startsWith("BPF_ENABLE_")
          && !matcher.group().startsWith("BPF_CGROUP_")) {
        macros.add(matcher.group());
      }
    }
    return macros;
  }

  private static String program(Map<String, Long> expectations) {
    StringBuilder c = new StringBuilder(HEADERS);
    c.append("#define CHECK(E, V) _Static_assert((long long)(E) == (V), #E)\n");
    expectations.forEach(
        (expression, value) -> {
          List<String> macros = macros(expression);
          macros.forEach(macro -> c.append("#ifdef ").append(macro).append('\n'));
          c.append("CHECK(").append(expression).append(", ").append(value).append("LL);\n");
          for (String macro : macros.reversed()) {
            c.append("#else\n#warning absent ").append(macro).append("\n#endif\n");
          }
        });
    return c.append("int main(void) { return 0; }\n").toString();
  }

  @ParameterizedTest
  @EnumSource
  void sizesOffsetsAndConstantsAreTheCompilers(Architecture architecture) throws Exception {
    Map<String, Long> expectations = expectations(architecture);
    String said = compile(architecture, program(expectations));
    List<String> absent =
        said.lines().filter(line -> line.contains("warning: #warning absent ")).toList();
    // Headers older than the kernel feature; not more than a few, or the check is worth nothing.
    assertTrue(absent.size() < 25, said);
    System.out.println(
        architecture
            + ": "
            + (expectations.size() - absent.size())
            + " compared, not in these headers: "
            + absent.stream()
                .map(line -> line.replaceAll(".*absent (\\w+).*", "$1"))
                .distinct()
                .toList());
  }

  @Test
  void aWrongValueWouldBeFound() throws Exception {
    Map<String, Long> wrong = Map.of("sizeof(siginfo_t)", 129L);
    var e =
        org.junit.jupiter.api.Assertions.assertThrows(
            AssertionError.class, () -> compile(here(), program(wrong)));
    assertTrue(e.getMessage().contains("sizeof(siginfo_t)"), e.getMessage());
  }

  @ParameterizedTest
  @EnumSource
  void systemCallTableIsTheCompilers(Architecture architecture) throws Exception {
    SystemCallTable table = SystemCallTables.load(architecture);
    StringBuilder c = new StringBuilder(HEADERS);
    c.append("#define CHECK(E, V) _Static_assert((E) == (V), #E)\n");
    for (String name : table.names()) {
      c.append(
              "#ifdef __NR_"
                  + name
                  + "\nCHECK(__NR_"
                  + name
                  + ", "
                  + table.number(name).orElseThrow()
                  + ");\n")
          .append("#else\n#warning absent " + name + "\n#endif\n");
    }
    c.append("int main(void) { return 0; }\n");
    long absent =
        compile(architecture, c.toString())
            .lines()
            .filter(l -> l.contains("warning: #warning absent "))
            .count();
    assertTrue(absent < 60, absent + " names are not in the headers");
    // The other way round: no call of the headers is missing in the table.
    Path source = Files.writeString(dir.resolve("numbers.c"), "#include <sys/syscall.h>\n");
    Set<String> missing = new HashSet<>();
    for (String line :
        run(List.of(compiler(architecture), "-E", "-dM", source.toString())).lines().toList()) {
      Matcher defined =
          Pattern.compile("#define __NR_(?!syscalls|arch_specific)(\\w+) .*").matcher(line);
      if (defined.matches() && !table.isKnown(defined.group(1))) {
        missing.add(defined.group(1));
      }
    }
    assertEquals(Set.of(), missing);
    System.out.println(
        architecture
            + ": "
            + (table.names().size() - absent)
            + " system calls compared, "
            + absent
            + " newer than these headers");
  }

  private static Architecture here() {
    return Architecture.of(System.getProperty("os.arch")).orElseThrow();
  }

  private static String compiler(Architecture architecture) {
    List<String> candidates =
        architecture == here() && System.getProperty("os.name").equals("Linux")
            ? List.of("cc", "gcc")
            : List.of(architecture.kernelName() + "-linux-gnu-gcc");
    for (String candidate : candidates) {
      for (String folder : System.getenv("PATH").split(":")) {
        if (Files.isExecutable(Path.of(folder, candidate))) {
          return candidate;
        }
      }
    }
    return abort("no C compiler for " + architecture.kernelName() + " is here: " + candidates);
  }

  private String compile(Architecture architecture, String program) throws Exception {
    // Debian has the cross compiler and its C library's headers in packages apart.
    try {
      String _ = syntax(architecture, "#include <stdio.h>\n");
    } catch (AssertionError missing) {
      return abort(
          "the C library's headers for "
              + architecture.kernelName()
              + " are missing: install libc6-dev, or libc6-dev-arm64-cross for the other one");
    }
    return syntax(architecture, program);
  }

  private String syntax(Architecture architecture, String program) throws Exception {
    Path source = Files.writeString(dir.resolve("layout.c"), program);
    return run(List.of(compiler(architecture), "-std=gnu11", "-fsyntax-only", source.toString()));
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    if (process.exitValue() != 0) {
      throw new AssertionError(
          said.lines().filter(line -> line.contains("error")).toList().toString());
    }
    return said;
  }
}
