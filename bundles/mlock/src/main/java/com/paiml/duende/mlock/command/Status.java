package com.paiml.duende.mlock.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.mlock.JvmMemoryLock;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code mlock:status}. */
@Component(
    service = Status.class,
    property = {"osgi.command.scope=mlock", "osgi.command.function=status"})
public final class Status {

  private final JvmMemoryLock lock;

  @Activate
  public Status(@Reference JvmMemoryLock lock) {
    this.lock = lock;
  }

  @Descriptor(
      "Shows whether the container's memory is locked, as the kernel has it. VmLck counts pages"
          + " that were never touched when locked on fault; VmRSS is what is in memory. A daemon's"
          + " own memory is shown by 'duende status NAME'.")
  public String status() throws DaemonException {
    return Figures.of(lock.standing());
  }
}
