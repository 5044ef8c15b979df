package com.paiml.duende.adapter.systemd.kernel;

import com.paiml.duende.adapter.systemd.unit.CapabilityNames;
import com.paiml.duende.adapter.systemd.unit.UnitSettings;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.spi.LimitReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Limits as the kernel has them, whatever systemd was told: read from the control group and from the main process. */
public final class LimitReader {
  private static final long PAGE = 4096;
  private static final String NO_CONTROLLER =
      "the service manager has no controller for it here; see systemd.resource-control(5)";

  private final UnitGroup group;
  private final String init;
  private final long pid;
  private final List<LimitReport> all = new ArrayList<>();

  private LimitReader(UnitGroup group, String init, long pid) {
    this.group = group;
    this.init = init;
    this.pid = pid;
  }

  /**
   * Reads all that was asked for.
   *
   * @param init a process of its machine that is in no sandbox, by its folder's name in /proc
   * @param pid the main process as we number it; 0 when that is not known
   */
  public static List<LimitReport> of(
      UnitGroup group, String init, long pid, Resources resources, Sandbox sandbox) {
    LimitReader reader = new LimitReader(group, init, pid);
    reader.memory(resources);
    reader.processor(resources);
    reader.pids(resources);
    reader.disks(resources);
    reader.process(resources, sandbox);
    reader.notOffered(resources);
    return List.copyOf(reader.all);
  }

  /** A file, where the controller's version has it so. */
  private Optional<Found> find(String controller, String one, String two) {
    String file = group.hierarchies().hasOne(controller) ? one : two;
    return group
        .folder(controller)
        .map(f -> f.resolve(file))
        .flatMap(f -> UnitGroup.text(f).map(t -> new Found(f, t)));
  }

  private record Found(Path file, String text) {}

  private void report(String key, String asked, Optional<Found> found, boolean holds, String why) {
    all.add(
        new LimitReport(
            key,
            asked,
            found.map(Found::text).orElse(""),
            found.map(f -> f.file().toString()).orElse(""),
            holds,
            holds ? "" : why));
  }

  private void memory(Resources resources) {
    Optional<Found> limit = find("memory", "memory.limit_in_bytes", "memory.max");
    report(
        "resources.memory",
        Long.toString(resources.memory()),
        limit,
        limit.isPresent() && isPages(limit.get().text(), resources.memory()),
        limit.isPresent() ? "the kernel says otherwise" : NO_CONTROLLER);
    Optional<Found> swap = find("memory", "memory.memsw.limit_in_bytes", "memory.swap.max");
    boolean isTwo = !group.hierarchies().hasOne("memory") && swap.isPresent();
    long asked =
        resources.lockMemory() ? 0 : Math.max(0, resources.memorySwap() - resources.memory());
    report(
        "resources.memory_swap",
        Long.toString(resources.memorySwap()),
        swap,
        isTwo && isPages(swap.get().text(), asked),
        group.hierarchies().hasOne("memory")
            ? "systemd limits swap only where memory is under control groups of version 2"
            : NO_CONTROLLER);
    if (resources.lockMemory()) {
      lock(swap.filter(s -> isTwo));
    }
  }

  /** Kept out of swap, and allowed to lock as much as it likes. */
  private void lock(Optional<Found> swap) {
    String most = pid == 0 ? "" : ProcessFiles.limit(pid, "Max locked memory");
    boolean free = most.equals("unlimited");
    String actual = swap.map(s -> "swap " + s.text() + ", ").orElse("") + "locked " + most;
    all.add(
        new LimitReport(
            "resources.lock_memory",
            "true",
            most.isEmpty() ? "" : actual,
            most.isEmpty() ? "" : swap.map(s -> s.file() + " and ").orElse("") + "RLIMIT_MEMLOCK",
            free && swap.map(s -> s.text().equals("0")).orElse(false),
            swap.isEmpty()
                ? "systemd keeps a program out of swap only under control groups of version 2"
                : free && swap.get().text().equals("0")
                    ? ""
                    : unread("the kernel says otherwise")));
  }

  private static boolean isPages(String actual, long asked) {
    return actual.matches("[0-9]{1,18}") && Long.parseLong(actual) == asked / PAGE * PAGE;
  }

  private void processor(Resources resources) {
    Optional<Found> quota = find("cpu", "cpu.cfs_quota_us", "cpu.max");
    Optional<String> period = group.read("cpu", "cpu.cfs_period_us");
    double percent = percent(quota.map(Found::text).orElse(""), period.orElse(""));
    report(
        "resources.cpu_quota",
        resources.cpuQuota() + "",
        quota,
        Math.abs(percent - resources.cpuQuota()) <= 0.01 * resources.cpuQuota(),
        quota.isPresent() ? "the kernel says otherwise" : NO_CONTROLLER);
    Optional<Found> shares = find("cpu", "cpu.shares", "cpu.weight");
    long asked =
        group.hierarchies().hasOne("cpu")
            ? resources.cpuShares()
            : UnitSettings.weight(resources.cpuShares());
    report(
        "resources.cpu_shares",
        Long.toString(resources.cpuShares()),
        shares,
        shares.map(f -> f.text().equals(Long.toString(asked))).orElse(false),
        shares.isPresent() ? "the kernel says otherwise" : NO_CONTROLLER);
  }

  /** Version 1 has quota and period in two files, version 2 in one. */
  private static double percent(String quota, String period) {
    String[] both = (quota + " " + period).strip().split("\\s+");
    if (both.length < 2 || !both[0].matches("[0-9]{1,18}") || !both[1].matches("[0-9]{1,18}")) {
      return 0;
    }
    return 100.0 * Long.parseLong(both[0]) / Long.parseLong(both[1]);
  }

  private void pids(Resources resources) {
    String asked = Long.toString(resources.pids());
    Optional<Found> most = find("pids", "pids.max", "pids.max");
    report(
        "resources.pids",
        asked,
        most,
        most.map(f -> f.text().equals(asked)).orElse(false),
        most.isPresent() ? "the kernel says otherwise" : NO_CONTROLLER);
  }

  private void disks(Resources resources) {
    if (resources.ioReadBps() > 0) {
      disk("resources.io_read_bps", resources.ioReadBps(), "rbps=");
    }
    if (resources.ioWriteBps() > 0) {
      disk("resources.io_write_bps", resources.ioWriteBps(), "wbps=");
    }
  }

  private void disk(String key, long rate, String field) {
    Optional<Found> most = find("io", "-", "io.max");
    report(
        key,
        Long.toString(rate),
        most,
        most.map(f -> f.text().contains(field + rate)).orElse(false),
        most.isPresent()
            ? "the kernel says otherwise"
            : "systemd limits disks only under control groups of version 2 that are handed on to"
                + " it");
  }

  private void process(Resources resources, Sandbox sandbox) {
    String asked = Long.toString(resources.openFiles());
    String files = pid == 0 ? "" : ProcessFiles.limit(pid, "Max open files");
    all.add(
        new LimitReport(
            "resources.open_files",
            asked,
            files,
            files.isEmpty() ? "" : "RLIMIT_NOFILE",
            files.equals(asked),
            files.equals(asked)
                ? ""
                : unread(
                    "systemd may not raise it so far itself, or it was changed since the start")));
    if (sandbox.noNewPrivs()) {
      status("sandbox.no_new_privs", "true", "NoNewPrivs", "1");
    }
    if (sandbox.syscalls().isPresent()) {
      status("sandbox.syscalls", "filtered", "Seccomp", "2");
    }
    if (sandbox.umask().isPresent()) {
      String octal = String.format(Locale.ROOT, "%04o", sandbox.umask().get());
      status("sandbox.umask", octal, "Umask", octal);
    }
    sandbox.capabilities().ifPresent(this::capabilities);
    if (!sandbox.network()) {
      network();
    }
    sandbox.paths().ifPresent(this::paths);
  }

  /** None but those that were asked for; of these the machine itself may lack one. */
  private void capabilities(List<String> wanted) {
    String set = pid == 0 ? "" : ProcessFiles.status(pid, "CapBnd");
    boolean read = set.matches("[0-9a-f]{1,16}");
    long actual = read ? Long.parseUnsignedLong(set, 16) : 0;
    long asked = CapabilityNames.bits(wanted);
    sandbox(
        "sandbox.capabilities",
        String.join(" ", wanted),
        set,
        "/status CapBnd",
        read && actual == asked,
        (actual & ~asked) != 0
            ? "the kernel leaves it more"
            : "the machine has not all of them to give");
  }

  /** systemd starts a program all the same where it cannot make a network of its own for it. */
  private void network() {
    String theirs = pid == 0 ? "" : ProcessFiles.namespace(Long.toString(pid), "net");
    String here = ProcessFiles.namespace(init, "net");
    boolean isSeen = !theirs.isEmpty() && !here.isEmpty();
    // Who may not look at namespaces may still see what is in one.
    String interfaces = isSeen || pid == 0 ? "" : ProcessFiles.interfaces(pid);
    sandbox(
        "sandbox.network",
        "false",
        isSeen ? theirs : interfaces,
        isSeen ? "/ns/net" : "/net/dev",
        isSeen ? !theirs.equals(here) : interfaces.equals("lo"),
        "it has the machine's network: systemd could make none for it");
  }

  /** Its root is an empty file system that cannot be written, with nothing in it but what was named. */
  private void paths(Sandbox.Paths paths) {
    String root = pid == 0 ? "" : ProcessFiles.root(pid);
    sandbox(
        "sandbox.paths",
        String.join(" ", paths.read()) + " | " + String.join(" ", paths.write()),
        root,
        "/mountinfo",
        root.matches("tmpfs (ro|ro,.*)"),
        "it sees the machine's files: systemd could make no view of them for it");
  }

  private void sandbox(
      String key, String asked, String actual, String file, boolean holds, String otherwise) {
    all.add(
        new LimitReport(
            key,
            asked,
            actual,
            actual.isEmpty() ? "" : "/proc/" + pid + file,
            holds,
            holds ? "" : unread(otherwise)));
  }

  private void status(String key, String asked, String field, String expected) {
    String actual = pid == 0 ? "" : ProcessFiles.status(pid, field);
    sandbox(
        key,
        asked,
        actual,
        "/status " + field,
        actual.equals(expected),
        "the kernel says otherwise");
  }

  private String unread(String otherwise) {
    return pid == 0 ? "its main process cannot be seen from here" : otherwise;
  }

  private void notOffered(Resources resources) {
    if (resources.networkBps() > 0) {
      report(
          "resources.network_bps",
          Long.toString(resources.networkBps()),
          Optional.empty(),
          false,
          "systemd has no such limit");
    }
    if (resources.disk() > 0) {
      report(
          "resources.disk",
          Long.toString(resources.disk()),
          Optional.empty(),
          false,
          "systemd has no such limit");
    }
  }
}
