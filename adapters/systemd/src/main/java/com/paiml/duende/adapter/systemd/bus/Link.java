package com.paiml.duende.adapter.systemd.bus;

import com.paiml.duende.adapter.systemd.Faults;
import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.freedesktop.dbus.connections.IDisconnectCallback;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.CallbackHandler;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.interfaces.Introspectable;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.matchrules.DBusMatchRule;
import org.freedesktop.dbus.matchrules.DBusMatchRuleBuilder;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;

/** One connection to a bus, subscribed to what systemd tells. Of no use any more once it is broken. */
final class Link implements AutoCloseable {
  static final String UNIT = "org.freedesktop.systemd1.Unit";
  static final String SERVICE = "org.freedesktop.systemd1.Service";
  private static final String NAME = "org.freedesktop.systemd1";
  private static final String OBJECT = "/org/freedesktop/systemd1";
  private static final String MANAGER = "org.freedesktop.systemd1.Manager";
  private static final Pattern ESCAPED = Pattern.compile("_([0-9a-f]{2})");
  private static final Duration CONNECT = BusManager.CONNECT;

  private final String address;
  private final DBusConnection connection;
  private final ManagerInterface manager;
  private final Map<Long, CompletableFuture<?>> open;
  private final AtomicLong calls = new AtomicLong();
  private final AtomicBoolean broken;
  private int version;

  /** What systemd tells by itself. */
  sealed interface Signal {
    String unit();
  }

  record Changed(String unit, Map<String, String> properties) implements Signal {}

  record JobOver(String unit, String job, String result) implements Signal {}

  record Removed(String unit) implements Signal {}

  private Link(
      String address,
      DBusConnection connection,
      ManagerInterface manager,
      Map<Long, CompletableFuture<?>> open,
      AtomicBoolean broken) {
    this.address = address;
    this.connection = connection;
    this.manager = manager;
    this.open = open;
    this.broken = broken;
  }

  static Link open(
      String address, Consumer<Signal> heard, BiConsumer<Link, String> lost, Deadline deadline)
      throws DaemonException {
    Map<Long, CompletableFuture<?>> open = new ConcurrentHashMap<>();
    AtomicBoolean broken = new AtomicBoolean();
    CompletableFuture<Link> self = new CompletableFuture<>();
    Consumer<String> onLoss =
        why -> {
          if (broken.compareAndSet(false, true)) {
            open.values().forEach(f -> f.completeExceptionally(new IOException(why)));
            // Not on the library's own thread, which may be the one that is ending.
            var _ =
                self.thenAcceptAsync(
                    l -> lost.accept(l, why),
                    r -> Thread.ofPlatform().name("duende-systemd-lost").daemon().start(r));
          }
        };
    @Nullable DBusConnection connection = null;
    try {
      connection = connect(address, onLoss, deadline.orAfter(CONNECT));
      ManagerInterface manager = connection.getRemoteObject(NAME, OBJECT, ManagerInterface.class);
      Link link = new Link(address, connection, manager, open, broken);
      link.subscribe(heard, deadline);
      self.complete(link);
      return link;
    } catch (DBusException | DBusExecutionException refused) {
      close(connection);
      throw unreachable(address, refused);
    } catch (DaemonException refused) {
      close(connection);
      throw refused;
    }
  }

  /**
   * Connects, on a thread of its own: the library waits for the bus's first answer without end, and a bus that is stopped
   * accepts and does not answer.
   */
  private static DBusConnection connect(String address, Consumer<String> onLoss, Deadline deadline)
      throws DBusException, DaemonException {
    CompletableFuture<DBusConnection> connected = new CompletableFuture<>();
    Thread connecting =
        Thread.ofPlatform()
            .name("duende-systemd-connect")
            .daemon()
            .start(
                () -> {
                  try {
                    DBusConnection made = build(address, onLoss);
                    if (!connected.complete(made)) {
                      // Too late: nobody waits for it any more.
                      made.disconnect();
                    }
                  } catch (DBusException | RuntimeException | LinkageError refused) {
                    connected.completeExceptionally(refused);
                  }
                });
    try {
      return connected.get(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case DBusException refused -> throw refused;
        case DBusExecutionException refused -> throw refused;
        case null, default -> throw unreachable(address, e);
      }
    } catch (TimeoutException late) {
      connected.completeExceptionally(late);
      connecting.interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          address,
          "a bus is there and does not answer",
          "look whether dbus is stopped: systemctl status dbus",
          late);
    } catch (InterruptedException e) {
      connected.completeExceptionally(e);
      connecting.interrupt();
      throw Faults.interrupted(address, "the bus");
    }
  }

  private static DBusConnection build(String address, Consumer<String> onLoss)
      throws DBusException {
    return DBusConnectionBuilder.forAddress(address)
        .withShared(false)
        .withDisconnectCallback(
            new IDisconnectCallback() {
              @Override
              public void disconnectOnError(IOException e) {
                onLoss.accept(String.valueOf(e.getMessage()));
              }
            })
        .receivingThreadConfig()
        .withSignalThreadCount(1)
        .withErrorHandlerThreadCount(1)
        .withMethodReturnThreadCount(1)
        .connectionConfig()
        .transportConfig()
        .withServiceLoaderClassLoader(Link.class.getClassLoader())
        .withTimeout((int) CONNECT.toMillis())
        .back()
        .build();
  }

  private static DaemonException unreachable(String address, Exception refused) {
    Throwable cause = refused;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return new DaemonException(
        ErrorCode.IO,
        address,
        "no bus answers: " + cause.getMessage(),
        "start dbus and systemd, or write the right address",
        refused);
  }

  private void subscribe(Consumer<Signal> heard, Deadline deadline)
      throws DBusException, DaemonException {
    AutoCloseable _ =
        connection.addSigHandler(
            DBusMatchRuleBuilder.create()
                .withType(Properties.PropertiesChanged.class)
                .withPathNamespace(ObjectPath.UNITS)
                .build(),
            (Properties.PropertiesChanged s) -> changed(s, heard));
    AutoCloseable _ =
        connection.addSigHandler(
            rule(ManagerInterface.JobRemoved.class),
            (ManagerInterface.JobRemoved s) ->
                heard.accept(new JobOver(s.unit(), s.job(), s.result())));
    AutoCloseable _ =
        connection.addSigHandler(
            rule(ManagerInterface.UnitRemoved.class),
            (ManagerInterface.UnitRemoved s) -> heard.accept(new Removed(s.unit())));
    call("systemd", deadline, "subscribe");
    String text = String.valueOf(property("Version", deadline));
    Matcher number = Pattern.compile("[0-9]+").matcher(text);
    version = number.find() ? Integer.parseInt(number.group()) : 0;
  }

  private static DBusMatchRule rule(Class<? extends DBusSignal> signal) throws DBusException {
    return DBusMatchRuleBuilder.create().withType(signal).withPath(OBJECT).build();
  }

  private static void changed(Properties.PropertiesChanged signal, Consumer<Signal> heard) {
    String path = signal.getPath();
    if (!path.endsWith("_2eservice")) {
      return;
    }
    Set<String> names =
        switch (signal.getInterfaceName()) {
          case UNIT -> UnitState.UNIT;
          case SERVICE -> UnitState.SERVICE;
          default -> Set.of();
        };
    Map<String, String> texts = Variants.texts(signal.getPropertiesChanged(), names);
    if (!texts.isEmpty()) {
      heard.accept(new Changed(unitOf(path), texts));
    }
  }

  /** Names of our units have nothing but ASCII in them. */
  private static String unitOf(String path) {
    return ESCAPED
        .matcher(path.substring(path.lastIndexOf('/') + 1))
        .replaceAll(
            m -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(m.group(1), 16))));
  }

  int version() {
    return version;
  }

  boolean isOpen() {
    return !broken.get() && connection.isConnected();
  }

  /** A property of the manager. */
  Object property(String name, Deadline deadline) throws DaemonException {
    Object value = call(name, deadline, at(OBJECT), "get", MANAGER, name);
    return value instanceof Variant<?> v ? v.getValue() : value;
  }

  /** A property of a unit. */
  Object property(String unit, String interfaceName, String name, Deadline deadline)
      throws DaemonException {
    Object value = call(unit, deadline, at(ObjectPath.of(unit)), "get", interfaceName, name);
    return value instanceof Variant<?> v ? v.getValue() : value;
  }

  /** What a unit's object says of itself, in XML. */
  String introspect(String unit, Deadline deadline) throws DaemonException {
    try {
      Introspectable object =
          connection.getRemoteObject(NAME, ObjectPath.of(unit), Introspectable.class);
      return String.valueOf(call(unit, deadline, object, "Introspect"));
    } catch (DBusException refused) {
      throw unreachable(address, refused);
    }
  }

  /** The properties of a unit. */
  Map<String, Variant<?>> properties(String unit, String interfaceName, Deadline deadline)
      throws DaemonException {
    Object all = call(unit, deadline, at(ObjectPath.of(unit)), "getAll", interfaceName);
    @SuppressWarnings("unchecked")
    Map<String, Variant<?>> map = (Map<String, Variant<?>>) all;
    return map;
  }

  private PropertiesInterface at(String path) throws DaemonException {
    try {
      return connection.getRemoteObject(NAME, path, PropertiesInterface.class);
    } catch (DBusException refused) {
      throw unreachable(address, refused);
    }
  }

  /** Calls the manager. */
  @com.google.errorprone.annotations.CanIgnoreReturnValue
  Object call(String thing, Deadline deadline, String method, Object... arguments)
      throws DaemonException {
    return call(thing, deadline, manager, method, arguments);
  }

  private Object call(
      String thing, Deadline deadline, DBusInterface object, String method, Object... arguments)
      throws DaemonException {
    CompletableFuture<Object> answer = new CompletableFuture<>();
    long number = calls.incrementAndGet();
    open.put(number, answer);
    try {
      if (!isOpen()) {
        throw new DaemonException(
            ErrorCode.IO, thing, "the connection to " + address + " is lost", "try again");
      }
      connection.callWithCallback(
          object,
          method,
          new CallbackHandler<Object>() {
            @Override
            public void handle(Object value) {
              answer.complete(value == null ? "" : value);
            }

            @Override
            public void handleError(DBusExecutionException refused) {
              answer.completeExceptionally(refused);
            }
          },
          arguments);
      return answer.get(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof DBusExecutionException refused) {
        throw BusFaults.of(thing, refused);
      }
      throw new DaemonException(
          ErrorCode.IO,
          thing,
          "the connection to " + address + " was lost in mid-call: " + e.getMessage(),
          "try again",
          e);
    } catch (DBusExecutionException refused) {
      throw BusFaults.of(thing, refused);
    } catch (TimeoutException late) {
      throw Faults.timeout(thing, "systemd has not answered " + method);
    } catch (InterruptedException e) {
      throw Faults.interrupted(thing, method);
    } finally {
      open.remove(number);
    }
  }

  private static void close(@Nullable DBusConnection connection) {
    if (connection != null) {
      connection.disconnect();
    }
  }

  @Override
  public void close() {
    broken.set(true);
    open.values().forEach(f -> f.completeExceptionally(new IOException("closed")));
    connection.disconnect();
  }
}
