package com.paiml.duende.mlock.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.mlock.JvmMemoryLock;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code mlock:unlock}. */
@Component(
    service = Unlock.class,
    property = {"osgi.command.scope=mlock", "osgi.command.function=unlock"})
public final class Unlock {

  private final JvmMemoryLock lock;

  @Activate
  public Unlock(@Reference JvmMemoryLock lock) {
    this.lock = lock;
  }

  @Descriptor(
      "Lets the container's memory go to swap again. Not while a block device of this container"
          + " serves swap: it could then wait for itself.")
  public String unlock() throws DaemonException {
    lock.unlock();
    return Figures.of(lock.standing());
  }
}
