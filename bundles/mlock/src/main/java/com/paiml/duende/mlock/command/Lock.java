package com.paiml.duende.mlock.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.mlock.JvmMemoryLock;
import com.paiml.duende.spi.MemoryLock;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code mlock:lock}. */
@Component(
    service = Lock.class,
    property = {"osgi.command.scope=mlock", "osgi.command.function=lock"})
public final class Lock {

  private final JvmMemoryLock lock;

  @Activate
  public Lock(@Reference JvmMemoryLock lock) {
    this.lock = lock;
  }

  @Descriptor(
      "Keeps the container's memory out of swap. What is mapped now and what will be: all of it"
          + " becomes resident; with --on-fault only what is touched.")
  public String lock(
      @Descriptor("a page once it is touched, not all at once")
          @Parameter(
              names = {"-f", "--on-fault"},
              presentValue = "true",
              absentValue = "false")
          boolean onFault,
      @Descriptor("only what is mapped now")
          @Parameter(
              names = {"--current-only"},
              presentValue = "true",
              absentValue = "false")
          boolean currentOnly,
      @Descriptor(
              "only what will be mapped; refused where the limit would keep threads from starting")
          @Parameter(
              names = {"--future-only"},
              presentValue = "true",
              absentValue = "false")
          boolean futureOnly)
      throws DaemonException {
    if (currentOnly && futureOnly) {
      throw new DaemonException(
          new com.paiml.duende.api.ErrorCode("usage"),
          "mlock:lock",
          "--current-only and --future-only exclude each other",
          "leave both out to lock everything");
    }
    var _ = lock.lock(new MemoryLock.Config(!futureOnly, !currentOnly, true, onFault));
    return Figures.of(lock.standing());
  }
}
