package com.paiml.duende.shell.command;

import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.ConfigurationFaults;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.shell.call.Faults;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** The manager, while there is one. It may be updated while commands run, so that it is asked for each time. */
@Component(service = Supervision.class)
public final class Supervision {
  /** How long a command waits for the next manager: the old one is mostly just being replaced. */
  private static final Duration REPLACEMENT = Duration.ofSeconds(5);

  /** How often it is looked for meanwhile: whoever is told of the next one before this may take its time. */
  private static final Duration LOOK = Duration.ofMillis(10);

  private final Duration patience;
  private final Supplier<Optional<DaemonManager>> registered;
  private final Object came = new Object();
  private volatile @Nullable DaemonManager present;

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  private volatile @Nullable ConfigurationFaults board;

  @Activate
  public Supervision(BundleContext context) {
    this(REPLACEMENT, () -> registered(context));
  }

  /** @param registered the manager that is in the register of services, which may not have been added here yet */
  Supervision(Duration patience, Supplier<Optional<DaemonManager>> registered) {
    this.patience = patience;
    this.registered = registered;
  }

  Supervision(DaemonManager manager) {
    this(REPLACEMENT, Optional::empty);
    present = manager;
  }

  Supervision(DaemonManager manager, ConfigurationFaults faults) {
    this(manager);
    board = faults;
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addManager(DaemonManager manager) {
    synchronized (came) {
      present = manager;
      came.notifyAll();
    }
  }

  void removeManager(DaemonManager manager) {
    synchronized (came) {
      // The next one is there before the one that it replaces is taken away.
      if (manager.equals(present)) {
        present = null;
      }
    }
  }

  private static Optional<DaemonManager> registered(BundleContext context) {
    try {
      ServiceReference<DaemonManager> reference = context.getServiceReference(DaemonManager.class);
      Bundle owner = reference == null ? null : reference.getBundle();
      // The old one is in the register for as long as it takes to tell everybody that it goes.
      if (reference == null || owner == null || owner.getState() == Bundle.STOPPING) {
        return Optional.empty();
      }
      DaemonManager manager = context.getService(reference);
      boolean _ = context.ungetService(reference);
      return Optional.ofNullable(manager);
    } catch (IllegalStateException e) {
      // These commands themselves are being replaced.
      return Optional.empty();
    }
  }

  /** The manager, if there is one now. */
  Optional<DaemonManager> find() {
    return Optional.ofNullable(present);
  }

  /** What of the configured daemons could not be taken. */
  List<ConfigFault> faults() {
    ConfigurationFaults now = board;
    return now == null ? List.of() : now.faults();
  }

  /**
   * The manager; waited for, for some seconds, while it is being replaced.
   *
   * @throws DaemonException {@link ErrorCode#NOT_FOUND} when none has come
   */
  DaemonManager manager() throws DaemonException {
    DaemonManager now = present;
    return now == null ? await(null) : now;
  }

  /** Something that is asked of a manager. */
  @FunctionalInterface
  interface Ask<T> {
    T of(DaemonManager manager) throws DaemonException;
  }

  /** Asks the manager; when it is about to be replaced and refuses for that, the next one. */
  <T> T ask(Ask<T> ask) throws DaemonException {
    DaemonManager now = manager();
    try {
      return ask.of(now);
    } catch (DaemonException e) {
      if (!e.code().equals(ErrorCode.MANAGER_GONE)) {
        throw e;
      }
      return ask.of(await(now));
    }
  }

  /** Something that a manager is told to do. */
  @FunctionalInterface
  interface Tell {
    void to(DaemonManager manager) throws DaemonException;
  }

  /** As {@link #ask}. */
  void tell(Tell tell) throws DaemonException {
    boolean _ =
        ask(
            manager -> {
              tell.to(manager);
              return true;
            });
  }

  /** @param gone is not waited for */
  private DaemonManager await(@Nullable DaemonManager gone) throws DaemonException {
    Deadline deadline = Deadline.after(patience);
    while (true) {
      DaemonManager told = present;
      DaemonManager now = told == null ? registered.get().orElse(null) : told;
      if (now != null && !now.equals(gone)) {
        return now;
      }
      if (deadline.hasPassed()) {
        throw now == null
            ? new DaemonException(
                ErrorCode.NOT_FOUND,
                "",
                "the manager is not running in this container",
                "see 'duende doctor'")
            : new DaemonException(
                ErrorCode.MANAGER_GONE, "the manager", "is being replaced", "try again");
      }
      awaitChange(told);
    }
  }

  private void awaitChange(@Nullable DaemonManager told) throws DaemonException {
    Deadline look = Deadline.after(LOOK);
    synchronized (came) {
      try {
        while (Objects.equals(present, told) && !look.hasPassed()) {
          came.wait(Math.max(1, look.remaining().toMillis()));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DaemonException(
            ErrorCode.TIMEOUT, "the manager", "the wait for it was interrupted", "try again", e);
      }
    }
  }

  /** A name and those after it. */
  static List<String> names(String name, String[] more) {
    List<String> names = new ArrayList<>();
    names.add(name);
    names.addAll(List.of(more));
    return names;
  }

  /** The daemons called so: one, or all instances of one; in the order of their names. */
  List<DaemonInfo> named(String name) throws DaemonException {
    List<DaemonInfo> found =
        manager().list().stream()
            .filter(d -> d.name().equals(name) || isInstance(d.name(), name))
            .toList();
    if (found.isEmpty()) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          name,
          "there is no daemon of this name",
          "'duende ps -a' lists them");
    }
    return found;
  }

  /** All daemons, or those called so. */
  List<DaemonInfo> select(String[] names) throws DaemonException {
    if (names.length == 0) {
      return manager().list();
    }
    List<DaemonInfo> found = new ArrayList<>();
    for (String name : names) {
      found.addAll(named(name));
    }
    return found;
  }

  /** {@code web.2} is an instance of {@code web}. */
  static boolean isInstance(String name, String of) {
    int dot = of.length();
    if (name.length() <= dot + 1 || name.charAt(dot) != '.' || !name.startsWith(of)) {
      return false;
    }
    for (int i = dot + 1; i < name.length(); i++) {
      if (name.charAt(i) < '0' || name.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  /** What those daemons are doing that are still on their way, for {@link Progress}. */
  private String waiting(String name, String[] more) {
    try {
      List<DaemonInfo> daemons = new ArrayList<>();
      for (String n : names(name, more)) {
        daemons.addAll(named(n));
      }
      return Progress.of(daemons);
    } catch (DaemonException e) {
      // Gone by now: whoever waits for it learns it from the manager.
      return "";
    }
  }

  /** Something to be done with one daemon. */
  @FunctionalInterface
  interface Act {
    void on(String name) throws DaemonException;
  }

  /** Does it with each of those daemons, and shows meanwhile how far they are. */
  void each(CommandSession session, String name, String[] more, Act act) throws DaemonException {
    try (Progress _ = Progress.of(session, () -> waiting(name, more))) {
      each(names(name, more), act);
    }
  }

  /** Does it with each, the later ones also when an earlier one failed; then fails with all that went wrong. */
  private static void each(List<String> names, Act act) throws DaemonException {
    List<DaemonException> faults = new ArrayList<>();
    for (String name : names) {
      try {
        act.on(name);
      } catch (UsageException e) {
        throw e;
      } catch (DaemonException e) {
        faults.add(e);
      }
    }
    if (!faults.isEmpty()) {
      throw Faults.of(faults);
    }
  }
}
