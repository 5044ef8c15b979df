package com.paiml.duende.adapter.process.program;

import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.linux.proc.ProcessStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the kernel says of a running process, beside what was asked: limits of its own and its sandbox. */
final class Readback {
  private Readback() {}

  static List<LimitReport> of(Linux linux, Pidfd process, LaunchSpec spec, Resources resources) {
    List<LimitReport> all = new ArrayList<>();
    all.add(openFiles(linux, process, resources));
    String file = "/proc/" + process.pid() + "/status";
    Optional<ProcessStatus> status;
    try {
      status = linux.proc().status(process.pid());
    } catch (LinuxException unreadable) {
      status = Optional.empty();
    }
    if (status.isPresent()) {
      sandbox(all, spec.config().sandbox(), status.get(), file);
      lockedMemory(all, resources, status.get(), file);
    }
    return all;
  }

  /**
   * A JVM of ours locks itself, and a program may; nobody can for another process. What keeps the others from swap is their
   * group, reported beside this.
   */
  private static void lockedMemory(
      List<LimitReport> all, Resources resources, ProcessStatus status, String file) {
    long locked = status.bytes("VmLck").orElse(0);
    if (resources.lockMemory() && locked > 0) {
      all.add(
          new LimitReport(
              "resources.lock_memory",
              "locked",
              "VmLck " + locked + ", VmRSS " + status.bytes("VmRSS").orElse(0),
              file + " VmLck",
              true,
              ""));
    }
  }

  private static LimitReport openFiles(Linux linux, Pidfd process, Resources resources) {
    String asked = Long.toString(resources.openFiles());
    try {
      long soft = linux.processLimits().get(process, Resource.NOFILE).soft();
      String actual = soft == Limit.INFINITY ? "unlimited" : Long.toString(soft);
      return new LimitReport(
          "resources.open_files",
          asked,
          actual,
          "RLIMIT_NOFILE",
          actual.equals(asked),
          actual.equals(asked)
              ? ""
              : "raising it takes CAP_SYS_RESOURCE, or a higher hard limit of Duende itself");
    } catch (LinuxException gone) {
      return new LimitReport(
          "resources.open_files", asked, "", "RLIMIT_NOFILE", false, gone.getMessage());
    }
  }

  private static void sandbox(
      List<LimitReport> all, Sandbox sandbox, ProcessStatus status, String file) {
    if (sandbox.noNewPrivs()) {
      add(all, "sandbox.no_new_privs", "true", status, "NoNewPrivs", "1", file);
    }
    if (sandbox.syscalls().isPresent()) {
      add(all, "sandbox.syscalls", "filtered", status, "Seccomp", "2", file);
    }
    if (sandbox.umask().isPresent()) {
      String octal = String.format(java.util.Locale.ROOT, "%04o", sandbox.umask().get());
      add(all, "sandbox.umask", octal, status, "Umask", octal, file);
    }
    if (sandbox.capabilities().isPresent()) {
      String actual = status.field("CapBnd").orElse("");
      boolean inForce = Confining.holdsNoOther(actual, sandbox.capabilities().get());
      all.add(
          new LimitReport(
              "sandbox.capabilities",
              String.join(" ", sandbox.capabilities().get()),
              actual,
              file + " CapBnd",
              inForce,
              inForce ? "" : "the kernel says otherwise"));
    }
  }

  private static void add(
      List<LimitReport> all,
      String key,
      String asked,
      ProcessStatus status,
      String field,
      String expected,
      String file) {
    String actual = status.field(field).orElse("");
    boolean inForce = actual.equals(expected);
    all.add(
        new LimitReport(
            key,
            asked,
            actual,
            file + " " + field,
            inForce,
            inForce ? "" : "the kernel says otherwise"));
  }
}
