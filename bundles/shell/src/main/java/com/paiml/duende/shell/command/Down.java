package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.shell.call.Caller;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende down}. */
@Component(service = Down.class)
@GogoCommand(scope = "duende", function = "down")
public final class Down {
  private final BundleContext context;
  private final Supervision supervision;

  @Activate
  public Down(BundleContext context, @Reference Supervision supervision) {
    this.context = context;
    this.supervision = supervision;
  }

  @Descriptor(
      "Stops all daemons, dependants first, and then the container. The next 'duende up' starts"
          + " them again.")
  public void down(
      CommandSession session,
      @Descriptor("let programs run on; the next 'duende up' takes them up again")
          @Parameter(
              names = {"--keep"},
              presentValue = "true",
              absentValue = "false")
          boolean keep,
      @Descriptor("how long the daemons may take")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "2m")
          Duration wait)
      throws DaemonException {
    IntConsumer exit = exit();
    // Without a manager there is nothing to be stopped in order.
    Optional<DaemonManager> manager = supervision.find();
    if (!keep && manager.isPresent()) {
      try (Progress _ = Progress.of(session, () -> stopping(manager.get()))) {
        manager.get().shutdown(wait);
      }
    }
    Caller.of(session).afterwards(() -> exit.accept(0));
  }

  private static String stopping(DaemonManager manager) {
    long left = manager.list().stream().filter(d -> d.status().isActive()).count();
    return "stopping " + left + (left == 1 ? " daemon" : " daemons");
  }

  /** The launcher's way to end the process with a status. */
  private IntConsumer exit() throws DaemonException {
    try {
      Collection<ServiceReference<IntConsumer>> found =
          context.getServiceReferences(IntConsumer.class, "(duende.service=exit)");
      for (ServiceReference<IntConsumer> reference : found) {
        IntConsumer exit = context.getService(reference);
        if (exit != null) {
          return exit;
        }
      }
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException("a constant filter is not valid", e);
    }
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        "this container",
        "was not started by Duende",
        "stop it by its own means");
  }
}
