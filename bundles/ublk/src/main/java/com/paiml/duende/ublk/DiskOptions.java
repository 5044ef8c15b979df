package com.paiml.duende.ublk;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Sizes;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.serve.DeviceSpec;
import com.paiml.duende.ublk.targets.Algorithm;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a {@link BlockDaemon}, as its file's {@code args} has them.
 *
 * @param target what is behind it
 * @param path of a file target
 * @param algorithm of a zram target
 * @param size bytes; 0: as large as the file is
 * @param limit bytes that a zram target may take; 0 for no limit
 * @param direct whether a file is read and written past the page cache
 * @param device what the device is to be
 * @param swap whether it carries swap: then the swap guard is applied
 * @param strict whether it is refused where a measure of the guard is not held
 * @param pair the folder of two daemons of which one stands by; empty for one alone
 */
record DiskOptions(
    Target target,
    String path,
    Algorithm algorithm,
    long size,
    long limit,
    boolean direct,
    DeviceSpec device,
    boolean swap,
    boolean strict,
    String pair) {

  /** Kinds of targets. */
  enum Target {
    NULL,
    MEMORY,
    FILE,
    ZRAM,
    /** Of whoever extends the daemon. */
    OWN
  }

  private static final int BLOCK = 4096;

  /**
   * Reads them.
   *
   * @param own whether the target is of whoever extends the daemon
   * @param privileged whether the kernel takes the process that serves for a privileged one; to another it gives less
   */
  static DiskOptions parse(String name, List<String> words, boolean own, boolean privileged)
      throws DaemonException {
    Draft draft = new Draft(name, own, privileged);
    for (Iterator<String> left = words.iterator(); left.hasNext(); ) {
      String option = left.next();
      if (option.startsWith("--target-")) {
        if (option.indexOf('=') < 0) {
          String _ = draft.value(option, left);
        }
      } else if (option.startsWith("--") && option.indexOf('=') > 0) {
        int equals = option.indexOf('=');
        draft.take(option.substring(0, equals), List.of(option.substring(equals + 1)).iterator());
      } else {
        draft.take(option, left);
      }
    }
    return draft.end();
  }

  /** Options on their way. */
  private static final class Draft {
    private final String name;
    private final boolean privileged;
    private Target target;
    private String path = "";
    private Algorithm algorithm = Algorithm.LZ4;
    private long size;
    private long limit;
    private boolean direct;
    private int id = -1;
    private int queues = 1;
    private int depth = 64;
    private int maxIo = 128 << 10;
    private DeviceSpec.@Nullable Survival recovery;
    private boolean readOnly;
    private DeviceSpec.Copy copy = DeviceSpec.Copy.KERNEL;
    private boolean swap;
    private boolean strict = true;
    private String pair = "";

    Draft(String name, boolean own, boolean privileged) {
      this.name = name;
      this.privileged = privileged;
      this.target = own ? Target.OWN : Target.MEMORY;
    }

    void take(String option, Iterator<String> left) throws DaemonException {
      switch (option) {
        case "--target" -> target(value(option, left));
        case "--size" -> size = bytes(option, value(option, left));
        case "--limit" -> limit = bytes(option, value(option, left));
        case "--id" -> id = number(option, value(option, left), 0, 999_999);
        case "--queues" -> queues = number(option, value(option, left), 1, 64);
        case "--depth" -> depth = number(option, value(option, left), 1, Uapi.MAX_QUEUE_DEPTH);
        case "--max-io" -> maxIo = (int) Math.min(bytes(option, value(option, left)), 1 << 20);
        case "--recovery" -> recovery = recovery(value(option, left));
        case "--copy" -> copy = copy(value(option, left));
        case "--direct" -> direct = true;
        case "--read-only" -> readOnly = true;
        case "--swap" -> swap = true;
        case "--pair" -> pair = pair(value(option, left));
        case "--guard" -> strict = strict(value(option, left));
        default ->
            throw wrong(
                "does not know the option " + option,
                "it knows --target, --size, --limit, --id, --queues, --depth, --max-io, --recovery,"
                    + " --direct, --read-only, --swap, --guard, --pair and --copy");
      }
    }

    private String value(String option, Iterator<String> left) throws DaemonException {
      if (!left.hasNext()) {
        throw wrong(option + " needs a value", "write it after the option");
      }
      return left.next();
    }

    private void target(String word) throws DaemonException {
      if (word.startsWith("file:") && word.length() > 5) {
        target = Target.FILE;
        path = word.substring(5);
      } else if (word.equals("null")) {
        target = Target.NULL;
      } else if (word.equals("memory")) {
        target = Target.MEMORY;
      } else if (word.equals("zram") || word.startsWith("zram:")) {
        target = Target.ZRAM;
        String wanted = word.equals("zram") ? "lz4" : word.substring(5);
        algorithm =
            Algorithm.parse(wanted)
                .orElseThrow(
                    () ->
                        wrong(
                            "does not know the compression " + wanted,
                            "it knows lz4, lz4-java and zstd"));
      } else {
        throw wrong(
            "does not know the target " + word,
            "it knows null, memory, file:PATH and zram[:ALGORITHM]");
      }
    }

    private DeviceSpec.Survival recovery(String word) throws DaemonException {
      for (DeviceSpec.Survival each : DeviceSpec.Survival.values()) {
        if (each.name().toLowerCase(Locale.ROOT).equals(word)) {
          return each;
        }
      }
      throw wrong("does not know the recovery " + word, "it knows none, reissue, wait and fail");
    }

    private String pair(String word) throws DaemonException {
      if (!word.startsWith("/")) {
        throw wrong("--pair " + word + " is no absolute path", "write a folder for both daemons");
      }
      return word;
    }

    private DeviceSpec.Copy copy(String word) throws DaemonException {
      return switch (word) {
        case "kernel" -> DeviceSpec.Copy.KERNEL;
        case "user" -> DeviceSpec.Copy.USER;
        case "none" -> DeviceSpec.Copy.NONE;
        default -> throw wrong("does not know --copy " + word, "it knows kernel, user and none");
      };
    }

    private boolean strict(String word) throws DaemonException {
      return switch (word) {
        case "strict" -> true;
        case "report" -> false;
        default -> throw wrong("does not know --guard " + word, "it knows strict and report");
      };
    }

    private long bytes(String option, String word) throws DaemonException {
      return Sizes.parse(word)
          .orElseThrow(
              () ->
                  wrong(option + " " + word + " is not a size", "write it as 512MiB, 1G or bytes"));
    }

    private int number(String option, String word, int least, int most) throws DaemonException {
      if (word.matches("[0-9]{1,7}")
          && Integer.parseInt(word) >= least
          && Integer.parseInt(word) <= most) {
        return Integer.parseInt(word);
      }
      throw wrong(
          option + " " + word + " is not a number from " + least + " to " + most,
          "write one that is");
    }

    DiskOptions end() throws DaemonException {
      if (size % BLOCK != 0) {
        throw wrong(
            "--size " + size + " is no multiple of " + BLOCK,
            "make it " + (size / BLOCK + 1) * BLOCK);
      }
      if (size == 0 && target != Target.FILE && target != Target.OWN) {
        throw wrong("has no size", "write --size, for example 1GiB");
      }
      if (maxIo < BLOCK || maxIo % BLOCK != 0) {
        throw wrong(
            "--max-io " + maxIo + " is no multiple of " + BLOCK, "write 128KiB, for example");
      }
      if (limit > 0 && target != Target.ZRAM) {
        throw wrong("--limit is for a zram target only", "leave it out");
      }
      if (!privileged) {
        unprivileged();
      }
      if (copy == DeviceSpec.Copy.NONE && target != Target.FILE) {
        throw wrong(
            "has --copy none, which is for files: of any other target data has to be copied",
            "leave --copy at kernel, or write --target file:PATH");
      }
      DeviceSpec.Survival survival = survival();
      if (!pair.isEmpty() && survival == DeviceSpec.Survival.NONE) {
        throw wrong(
            "has somebody who stands by, and nothing to take over", "leave --recovery at reissue");
      }
      if (swap && survival != DeviceSpec.Survival.REISSUE) {
        throw wrong(
            "carries swap, and a lost page of it is a lost process", "leave --recovery at reissue");
      }
      // Swap on a file that goes through the page cache needs memory to free memory.
      boolean past = direct || (swap && target == Target.FILE);
      return new DiskOptions(
          target,
          path,
          algorithm,
          size,
          limit,
          past,
          new DeviceSpec(id, queues, depth, maxIo, survival, readOnly, copy, !privileged),
          swap,
          strict,
          pair);
    }

    private DeviceSpec.Survival survival() {
      if (recovery != null) {
        return recovery;
      }
      return privileged ? DeviceSpec.Survival.REISSUE : DeviceSpec.Survival.NONE;
    }

    /** What Linux keeps from a device of an unprivileged process is refused, and not left out in silence. */
    private void unprivileged() throws DaemonException {
      if (swap) {
        throw refused(
            "--swap: it takes io-flusher threads, memory that is locked without limit, and a device"
                + " that waits for its next server, none of which this process may have");
      }
      if (!pair.isEmpty()) {
        throw refused("--pair: no device waits for its next server");
      }
      if (recovery != null && recovery != DeviceSpec.Survival.NONE) {
        throw refused(
            "--recovery " + recovery.name().toLowerCase(Locale.ROOT) + ": Linux has none there");
      }
      if (copy == DeviceSpec.Copy.USER) {
        throw refused("--copy user: Linux lets only privileged servers copy themselves");
      }
      if (copy == DeviceSpec.Copy.NONE) {
        throw refused("--copy none: Linux gives the pages of requests to privileged servers only");
      }
    }

    private DaemonException refused(String what) {
      return new DaemonException(
          ErrorCode.PERMISSION_DENIED,
          name,
          "cannot have, without privileges, " + what,
          "leave it out, or run as root");
    }

    private DaemonException wrong(String problem, String remedy) {
      return new DaemonException(ErrorCode.CONFIGURATION, name, problem, remedy);
    }
  }
}
