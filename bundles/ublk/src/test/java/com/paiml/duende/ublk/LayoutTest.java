package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.ublk.control.Feature;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every size, offset and constant of ublk and io_uring that is written down in Java, against what the compiler makes of the
 * headers. For the other architecture a cross compiler compiles the assertions only.
 */
class LayoutTest {
  private static final String HEADERS =
      """
      #define _GNU_SOURCE
      #include <errno.h>
      #include <stddef.h>
      #include <fcntl.h>
      #include <poll.h>
      #include <sched.h>
      #include <sys/ioctl.h>
      #include <sys/mman.h>
      #include <sys/mount.h>
      #include <sys/prctl.h>
      #include <sys/syscall.h>
      #include <sys/uio.h>
      #include <linux/falloc.h>
      #include <linux/capability.h>
      #include <linux/io_uring.h>
      #include <linux/ublk_cmd.h>
      #define CONTROL(D, N) _IO##D('u', N, struct ublksrv_ctrl_cmd)
      #define SQE(F) offsetof(struct io_uring_sqe, F)
      #define CTRL(F) (48 + offsetof(struct ublksrv_ctrl_cmd, F))
      #define INFO(F) offsetof(struct ublksrv_ctrl_dev_info, F)
      #define PARAMS(F) offsetof(struct ublk_params, F)
      #define DESC(F) offsetof(struct ublksrv_io_desc, F)
      #define COMMAND(F) (48 + offsetof(struct ublksrv_io_cmd, F))
      #define RING(F) offsetof(struct io_uring_params, F)
      """;

  /** Java constant, C expression; after a colon the macro that older headers lack. */
  private static final String CONSTANTS =
      """
      control.Uapi.IORING_OP_FSYNC = IORING_OP_FSYNC
      control.Uapi.IORING_OP_READ_FIXED = IORING_OP_READ_FIXED
      control.Uapi.IORING_OP_WRITE_FIXED = IORING_OP_WRITE_FIXED
      control.Uapi.SQE_BUF_INDEX = SQE(buf_index)
      control.Uapi.IORING_OP_POLL_ADD = IORING_OP_POLL_ADD
      control.Uapi.IORING_OP_FALLOCATE = IORING_OP_FALLOCATE
      control.Uapi.IORING_OP_READ = IORING_OP_READ
      control.Uapi.IORING_OP_WRITE = IORING_OP_WRITE
      control.Uapi.IORING_OP_URING_CMD = IORING_OP_URING_CMD
      control.Uapi.IORING_FSYNC_DATASYNC = IORING_FSYNC_DATASYNC
      control.Uapi.SQE_FD = SQE(fd)
      control.Uapi.SQE_OFF = SQE(off)
      control.Uapi.SQE_CMD_OP = SQE(cmd_op)
      control.Uapi.SQE_ADDR = SQE(addr)
      control.Uapi.SQE_LEN = SQE(len)
      control.Uapi.SQE_RW_FLAGS = SQE(rw_flags)
      control.Uapi.SQE_USER_DATA = SQE(user_data)
      control.Uapi.SQE_CMD = SQE(cmd)
      control.Uapi.CTRL_DEV_ID = CTRL(dev_id)
      control.Uapi.CTRL_QUEUE_ID = CTRL(queue_id)
      control.Uapi.CTRL_LEN = CTRL(len)
      control.Uapi.CTRL_ADDR = CTRL(addr)
      control.Uapi.CTRL_DATA = CTRL(data)
      control.Uapi.CTRL_PATH_LEN = CTRL(dev_path_len) : UBLK_F_UNPRIVILEGED_DEV
      control.Uapi.INFO_SIZE = sizeof(struct ublksrv_ctrl_dev_info)
      control.Uapi.INFO_QUEUES = INFO(nr_hw_queues)
      control.Uapi.INFO_DEPTH = INFO(queue_depth)
      control.Uapi.INFO_STATE = INFO(state)
      control.Uapi.INFO_MAX_IO = INFO(max_io_buf_bytes)
      control.Uapi.INFO_ID = INFO(dev_id)
      control.Uapi.INFO_PID = INFO(ublksrv_pid)
      control.Uapi.INFO_FLAGS = INFO(flags)
      control.Uapi.INFO_SERVER_FLAGS = INFO(ublksrv_flags)
      control.Uapi.INFO_OWNER_UID = INFO(owner_uid) : UBLK_F_UNPRIVILEGED_DEV
      control.Uapi.PARAMS_SIZE = PARAMS(discard) + sizeof(struct ublk_param_discard)
      control.Uapi.PARAMS_TYPES = PARAMS(types)
      control.Uapi.PARAMS_ATTRS = PARAMS(basic.attrs)
      control.Uapi.PARAMS_LOGICAL_SHIFT = PARAMS(basic.logical_bs_shift)
      control.Uapi.PARAMS_PHYSICAL_SHIFT = PARAMS(basic.physical_bs_shift)
      control.Uapi.PARAMS_OPTIMAL_SHIFT = PARAMS(basic.io_opt_shift)
      control.Uapi.PARAMS_MINIMAL_SHIFT = PARAMS(basic.io_min_shift)
      control.Uapi.PARAMS_MAX_SECTORS = PARAMS(basic.max_sectors)
      control.Uapi.PARAMS_SECTORS = PARAMS(basic.dev_sectors)
      control.Uapi.PARAMS_DISCARD_GRANULARITY = PARAMS(discard.discard_granularity)
      control.Uapi.PARAMS_DISCARD_SECTORS = PARAMS(discard.max_discard_sectors)
      control.Uapi.PARAMS_ZEROES_SECTORS = PARAMS(discard.max_write_zeroes_sectors)
      control.Uapi.PARAMS_DISCARD_SEGMENTS = PARAMS(discard.max_discard_segments)
      control.Uapi.PARAM_TYPE_BASIC = UBLK_PARAM_TYPE_BASIC
      control.Uapi.PARAM_TYPE_DISCARD = UBLK_PARAM_TYPE_DISCARD
      control.Uapi.ATTR_READ_ONLY = UBLK_ATTR_READ_ONLY
      control.Uapi.ATTR_VOLATILE_CACHE = UBLK_ATTR_VOLATILE_CACHE
      control.Uapi.ATTR_FUA = UBLK_ATTR_FUA
      control.Uapi.DESC_SIZE = sizeof(struct ublksrv_io_desc)
      control.Uapi.DESC_OP_FLAGS = DESC(op_flags)
      control.Uapi.DESC_SECTORS = DESC(nr_sectors)
      control.Uapi.DESC_START = DESC(start_sector)
      control.Uapi.MAX_QUEUE_DEPTH = UBLK_MAX_QUEUE_DEPTH
      control.Uapi.IO_OP_READ = UBLK_IO_OP_READ
      control.Uapi.IO_OP_WRITE = UBLK_IO_OP_WRITE
      control.Uapi.IO_OP_FLUSH = UBLK_IO_OP_FLUSH
      control.Uapi.IO_OP_DISCARD = UBLK_IO_OP_DISCARD
      control.Uapi.IO_OP_WRITE_ZEROES = UBLK_IO_OP_WRITE_ZEROES
      control.Uapi.IO_F_FUA = UBLK_IO_F_FUA
      control.Uapi.IO_F_NOUNMAP = UBLK_IO_F_NOUNMAP
      control.Uapi.IO_BUF_OFFSET = UBLKSRV_IO_BUF_OFFSET
      control.Uapi.IO_BUF_TAG_SHIFT = UBLK_TAG_OFF : UBLK_TAG_OFF
      control.Uapi.IO_BUF_QUEUE_SHIFT = UBLK_QID_OFF : UBLK_QID_OFF
      control.Uapi.IO_QUEUE = COMMAND(q_id)
      control.Uapi.IO_TAG = COMMAND(tag)
      control.Uapi.IO_RESULT = COMMAND(result)
      control.Uapi.IO_ADDR = COMMAND(addr)
      control.Uapi.FETCH = (int)_IOWR('u', UBLK_IO_FETCH_REQ, struct ublksrv_io_cmd)
      control.Uapi.COMMIT_AND_FETCH = (int)_IOWR('u', UBLK_IO_COMMIT_AND_FETCH_REQ, struct ublksrv_io_cmd)
      control.Uapi.READS = (int)CONTROL(R, 0)
      control.Uapi.WRITES = (int)CONTROL(WR, 0)
      control.Uapi.GET_QUEUE_AFFINITY = (int)CONTROL(R, UBLK_CMD_GET_QUEUE_AFFINITY)
      control.Uapi.GET_DEV_INFO = (int)CONTROL(R, UBLK_CMD_GET_DEV_INFO)
      control.Uapi.ADD_DEV = (int)CONTROL(WR, UBLK_CMD_ADD_DEV)
      control.Uapi.DEL_DEV = (int)CONTROL(WR, UBLK_CMD_DEL_DEV)
      control.Uapi.START_DEV = (int)CONTROL(WR, UBLK_CMD_START_DEV)
      control.Uapi.STOP_DEV = (int)CONTROL(WR, UBLK_CMD_STOP_DEV)
      control.Uapi.SET_PARAMS = (int)CONTROL(WR, UBLK_CMD_SET_PARAMS)
      control.Uapi.GET_PARAMS = (int)CONTROL(R, UBLK_CMD_GET_PARAMS)
      control.Uapi.START_USER_RECOVERY = (int)CONTROL(WR, UBLK_CMD_START_USER_RECOVERY)
      control.Uapi.END_USER_RECOVERY = (int)CONTROL(WR, UBLK_CMD_END_USER_RECOVERY)
      control.Uapi.GET_DEV_INFO2 = (int)UBLK_U_CMD_GET_DEV_INFO2 : UBLK_U_CMD_GET_DEV_INFO2
      control.Uapi.GET_FEATURES = (int)UBLK_U_CMD_GET_FEATURES : UBLK_U_CMD_GET_FEATURES
      control.Uapi.DEL_DEV_ASYNC = (int)UBLK_U_CMD_DEL_DEV_ASYNC : UBLK_U_CMD_DEL_DEV_ASYNC
      control.Uapi.QUIESCE_DEV = (int)UBLK_U_CMD_QUIESCE_DEV : UBLK_U_CMD_QUIESCE_DEV
      control.Privilege.CAP_SYS_ADMIN = CAP_SYS_ADMIN
      ring.Ring.PARAMS_SIZE = sizeof(struct io_uring_params)
      ring.Ring.PARAMS_SQ_ENTRIES = RING(sq_entries)
      ring.Ring.PARAMS_CQ_ENTRIES = RING(cq_entries)
      ring.Ring.PARAMS_FLAGS = RING(flags)
      ring.Ring.SQ_OFF_TAIL = RING(sq_off.tail)
      ring.Ring.SQ_OFF_RING_MASK = RING(sq_off.ring_mask)
      ring.Ring.SQ_OFF_ARRAY = RING(sq_off.array)
      ring.Ring.CQ_OFF_HEAD = RING(cq_off.head)
      ring.Ring.CQ_OFF_TAIL = RING(cq_off.tail)
      ring.Ring.CQ_OFF_RING_MASK = RING(cq_off.ring_mask)
      ring.Ring.CQ_OFF_CQES = RING(cq_off.cqes)
      ring.Ring.IORING_SETUP_SQE128 = IORING_SETUP_SQE128
      ring.Ring.IORING_OFF_SQ_RING = IORING_OFF_SQ_RING
      ring.Ring.IORING_OFF_SQES = IORING_OFF_SQES
      ring.Ring.IORING_REGISTER_BUFFERS2 = IORING_REGISTER_BUFFERS2
      ring.Ring.IORING_RSRC_REGISTER_SPARSE = IORING_RSRC_REGISTER_SPARSE
      ring.Ring.REGISTER_SIZE = sizeof(struct io_uring_rsrc_register)
      ring.Ring.REGISTER_NUMBER = offsetof(struct io_uring_rsrc_register, nr)
      ring.Ring.REGISTER_FLAGS = offsetof(struct io_uring_rsrc_register, flags)
      ring.Ring.IORING_ENTER_GETEVENTS = IORING_ENTER_GETEVENTS
      ring.Ring.IORING_ENTER_EXT_ARG = IORING_ENTER_EXT_ARG
      ring.Ring.GETEVENTS_ARG_SIZE = sizeof(struct io_uring_getevents_arg)
      ring.Ring.GETEVENTS_ARG_TS = offsetof(struct io_uring_getevents_arg, ts)
      ring.Ring.CQE_SIZE = sizeof(struct io_uring_cqe)
      ring.Ring.CQE_RES = offsetof(struct io_uring_cqe, res)
      ring.Ring.EINTR = EINTR
      ring.Ring.ETIME = ETIME
      ring.Enter.IO_URING_ENTER = __NR_io_uring_enter
      ring.Syscalls.PROT_READ = PROT_READ
      ring.Syscalls.PROT_WRITE = PROT_WRITE
      ring.Syscalls.MAP_SHARED = MAP_SHARED
      ring.Syscalls.MAP_PRIVATE = MAP_PRIVATE
      ring.Syscalls.MAP_ANONYMOUS = MAP_ANONYMOUS
      ring.Syscalls.MAP_POPULATE = MAP_POPULATE
      ring.Syscalls.O_RDONLY = O_RDONLY
      ring.Syscalls.O_RDWR = O_RDWR
      ring.Syscalls.O_CREAT = O_CREAT
      ring.Syscalls.O_EXCL = O_EXCL
      ring.Syscalls.O_CLOEXEC = O_CLOEXEC
      ring.Syscalls.AT_FDCWD = AT_FDCWD
      serve.Queue.POLLIN = POLLIN
      serve.BlockServer.PR_GET_DUMPABLE = PR_GET_DUMPABLE
      serve.BlockServer.PR_SET_DUMPABLE = PR_SET_DUMPABLE
      serve.Reader.NO_WAIT = RWF_NOWAIT
      serve.RingService.WRITE_THROUGH = RWF_DSYNC
      serve.RingService.PUNCH = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
      serve.RingService.ZERO = FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE
      guard.SwapGuard.PR_SET_IO_FLUSHER = PR_SET_IO_FLUSHER
      guard.SwapGuard.CLONE_NEWNS = CLONE_NEWNS
      guard.SwapGuard.MS_REC = MS_REC
      guard.SwapGuard.MS_PRIVATE = MS_PRIVATE
      """;

  /** Classes all of whose numbers are in the list. */
  private static final List<String> WHOLE = List.of("control.Uapi", "ring.Ring");

  private static final String[] FEATURES = {
    "UBLK_F_SUPPORT_ZERO_COPY",
    "UBLK_F_URING_CMD_COMP_IN_TASK",
    "UBLK_F_NEED_GET_DATA",
    "UBLK_F_USER_RECOVERY",
    "UBLK_F_USER_RECOVERY_REISSUE",
    "UBLK_F_UNPRIVILEGED_DEV",
    "UBLK_F_CMD_IOCTL_ENCODE",
    "UBLK_F_USER_COPY",
    "UBLK_F_ZONED",
    "UBLK_F_USER_RECOVERY_FAIL_IO",
    "UBLK_F_UPDATE_SIZE",
    "UBLK_F_AUTO_BUF_REG",
    "UBLK_F_QUIESCE",
    "UBLK_F_PER_IO_DAEMON"
  };

  @TempDir Path folder;

  private record Expected(String expression, long value, String macro) {}

  private static Map<String, Expected> expectations() throws Exception {
    Map<String, Expected> all = new LinkedHashMap<>();
    for (String line : CONSTANTS.lines().toList()) {
      Matcher parts = Pattern.compile("(\\S+)\\.(\\w+) = (.*?)(?: : (\\w+))?").matcher(line);
      assertTrue(parts.matches(), line);
      Field field =
          Class.forName("com.paiml.duende.ublk." + parts.group(1)).getDeclaredField(parts.group(2));
      field.setAccessible(true);
      long value = ((Number) field.get(null)).longValue();
      String macro = Optional.ofNullable(parts.group(4)).orElse("");
      all.put(parts.group(1) + "." + parts.group(2), new Expected(parts.group(3), value, macro));
    }
    Iterator<String> macros = List.of(FEATURES).iterator();
    for (Feature feature : Feature.values()) {
      String macro = macros.next();
      all.put("Feature." + feature, new Expected(macro, feature.bit(), macro));
    }
    return all;
  }

  private static String program(Iterable<Expected> expectations) {
    StringBuilder c = new StringBuilder(HEADERS);
    c.append("#define CHECK(E, V) _Static_assert((E) == (V), #E)\n");
    for (Expected each : expectations) {
      String check = "CHECK(" + each.expression() + ", " + each.value() + "LL);\n";
      c.append(
          each.macro().isEmpty()
              ? check
              : "#ifdef "
                  + each.macro()
                  + "\n"
                  + check
                  + "#else\n#warning absent "
                  + each.macro()
                  + "\n#endif\n");
    }
    return c.append("int main(void) { return 0; }\n").toString();
  }

  @Test
  void no_number_of_the_kernel_is_left_out() throws Exception {
    TreeSet<String> missing = new TreeSet<>();
    for (String name : WHOLE) {
      for (Field field : Class.forName("com.paiml.duende.ublk." + name).getDeclaredFields()) {
        boolean number =
            Modifier.isStatic(field.getModifiers())
                && (field.getType() == int.class || field.getType() == long.class);
        if (number && !expectations().containsKey(name + "." + field.getName())) {
          missing.add(name + "." + field.getName());
        }
      }
    }
    assertEquals(new TreeSet<>(), missing);
    assertEquals(FEATURES.length, Feature.values().length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64", "aarch64"})
  void sizes_offsets_and_constants_are_the_compilers(String architecture) throws Exception {
    Map<String, Expected> expectations = expectations();
    Command.Result said = compile(architecture, program(expectations.values()));
    assertEquals(0, said.status(), said.output());
    List<String> absent =
        said.output()
            .lines()
            .filter(line -> line.contains("warning: #warning absent "))
            .map(line -> line.replaceAll(".*absent (\\w+).*", "$1"))
            .distinct()
            .toList();
    // Headers older than the kernel feature; not more than a few, or the check is worth nothing.
    assertTrue(absent.size() < 20, said.output());
    System.out.println(
        architecture
            + ": "
            + (expectations.size() - absent.size())
            + " compared, not in these headers: "
            + absent);
  }

  @Test
  void a_wrong_value_would_be_found() throws Exception {
    Expected wrong = new Expected("sizeof(struct ublksrv_io_desc)", 25, "");
    Command.Result said = compile("x86_64", program(List.of(wrong)));
    assertTrue(said.output().contains("sizeof(struct ublksrv_io_desc)"), said.output());
    assertTrue(said.status() != 0, said.output());
  }

  private Command.Result compile(String architecture, String program) throws Exception {
    String here = System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64";
    boolean own = architecture.equals(here) && System.getProperty("os.name").equals("Linux");
    String wanted = own ? "gcc" : architecture + "-linux-gnu-gcc";
    Optional<Path> compiler = Command.find(wanted);
    if (compiler.isEmpty()) {
      return abort("no C compiler for " + architecture + " is here: " + wanted);
    }
    Path source = Files.writeString(folder.resolve("layout.c"), program);
    return Command.run(
        Duration.ofMinutes(2),
        List.of(compiler.get().toString(), "-std=gnu11", "-fsyntax-only", source.toString()));
  }
}
