package com.paiml.duende.observe.trace;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.observe.trace.decode.Arguments;
import com.paiml.duende.observe.trace.ebpf.EbpfSession;
import com.paiml.duende.observe.trace.ebpf.GroupOffset;
import com.paiml.duende.observe.trace.ptrace.PtraceSession;
import com.paiml.duende.observe.trace.sampling.SamplingSession;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.Tracer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** System calls on Linux. Takes the cheapest way that is permitted; nothing is loaded before somebody traces. */
@Component(configurationPid = "com.paiml.duende.observe.tracer")
@Designate(ocd = SystemTracer.Settings.class)
public final class SystemTracer implements Tracer {
  private static final Path OWN_PIDS = Path.of("/proc/self/ns/pid");

  /** PROC_PID_INIT_INO of {@code linux/proc_ns.h}: only there are numbers those that programs in the kernel see. */
  private static final String FIRST_NAMESPACE = "pid:[4026531836]";

  /** The configuration. */
  @ObjectClassDefinition(name = "Duende tracer")
  public @interface Settings {
    /** Which way to take. */
    @AttributeDefinition(
        description = "the way to trace; auto takes the cheapest that is permitted",
        options = {
          @Option(value = "auto"),
          @Option(value = "ebpf"),
          @Option(value = "ptrace"),
          @Option(value = "sampling")
        })
    String method() default "auto";
  }

  private final String wanted;
  private final GroupOffset offset = new GroupOffset();

  @Activate
  public SystemTracer(Settings settings) {
    this(settings.method());
  }

  /** @param method {@code auto}, {@code ebpf}, {@code ptrace} or {@code sampling} */
  public SystemTracer(String method) {
    this.wanted = method;
  }

  @Override
  public TraceSession attach(TraceTarget target, TraceOptions options, Deadline deadline)
      throws DaemonException {
    Linux linux =
        switch (Linux.detect()) {
          case Linux.Here(Linux here) -> here;
          case Linux.NotHere(String reason) ->
              throw new DaemonException(
                  ErrorCode.NOT_SUPPORTED,
                  target.name(),
                  "system calls cannot be traced: " + reason,
                  "use the platform's own tools");
        };
    if (options.budget() <= 0 || options.budget() > 1) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          target.name(),
          "a budget of " + options.budget() + " is not above 0 and at most 1",
          "say 0.05 for five percent");
    }
    Arguments arguments = new Arguments(linux.architecture(), linux.systemCalls());
    try {
      return attach(linux, arguments, target, options, deadline);
    } catch (LinuxException e) {
      throw TraceFaults.of(target.name(), e);
    }
  }

  private TraceSession attach(
      Linux linux, Arguments arguments, TraceTarget target, TraceOptions options, Deadline deadline)
      throws LinuxException, DaemonException {
    if (new ProcessTree(linux.proc(), target.pids()).isGone()) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND, target.name(), "has no process any more", "start it again");
    }
    String why = "it was configured so";
    if (wanted.equals("auto") || wanted.equals("ebpf")) {
      try {
        refuseOtherNamespace();
        return EbpfSession.open(linux, arguments, target, options, offset.get());
      } catch (LinuxException e) {
        if (wanted.equals("ebpf")) {
          throw e;
        }
        why = "eBPF is not to be had (" + e.call() + ": " + e.errno() + ")";
      }
    }
    if (!wanted.equals("sampling")) {
      try {
        return PtraceSession.open(linux, arguments, target, options, why, deadline);
      } catch (LinuxException e) {
        if (wanted.equals("ptrace")) {
          throw e;
        }
        why += " and ptrace is refused (" + e.errno() + ")";
      }
    }
    return SamplingSession.open(linux, arguments, target, options, why);
  }

  private static void refuseOtherNamespace() throws LinuxException {
    try {
      if (!Files.readSymbolicLink(OWN_PIDS).toString().equals(FIRST_NAMESPACE)) {
        throw new LinuxException(
            Errno.ENOSYS,
            "bpf",
            "a namespace of processes other than the first",
            "Run outside of it to trace by eBPF.");
      }
    } catch (IOException e) {
      throw new LinuxException(
          Errno.ENOSYS, "readlink", OWN_PIDS.toString(), "Mount /proc to trace by eBPF.");
    }
  }
}
