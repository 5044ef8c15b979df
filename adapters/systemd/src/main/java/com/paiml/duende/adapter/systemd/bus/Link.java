package com.paiml.duende.adapter.systemd.bus;

import com.paiml.duende.adapter.systemd.Faults;
import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.freedesktop.dbus.RemoteInvocationHandler;
import org.freedesktop.dbus.RemoteObject;
import org.freedesktop.dbus.connections.IDisconnectCallback;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.CallbackHandler;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.interfaces.Introspectable;
import org.freedesktop.dbus.matchrules.DBusMatchRule;
import org.freedesktop.dbus.matchrules.DBusMatchRuleBuilder;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;

/** One connection to a bus, subscribed to what systemd tells. Of no use any more once it is broken. */
final class Link implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Link.class.getName());
  static final String UNIT = "org.freedesktop.systemd1.Unit";
  static final String SERVICE = "org.freedesktop.systemd1.Service";
  private static final String NAME = "org.freedesktop.systemd1";
  private static final String OBJECT = "/org/freedesktop/systemd1";
  private static final String MANAGER = "org.freedesktop.systemd1.Manager";

  /** What can be called, by name. */
  private static final Map<String, Method> METHODS =
      Stream.of(ManagerInterface.class, PropertiesInterface.class, Introspectable.class)
          .flatMap(offered -> Stream.of(offered.getDeclaredMethods()))
          .filter(method -> !method.isSynthetic())
          .collect(Collectors.toUnmodifiableMap(Method::getName, Function.identity()));

  private static final Pattern ESCAPED = Pattern.compile("_([0-9a-f]{2})");
  private static final Duration CONNECT = BusManager.CONNECT;

  /**
   * The system's bus refuses the 129th call of a connection that has no answer yet ({@code max_replies_per_connection} of
   * dbus-daemon(1)); some are left for calls that nobody here waits for any more.
   */
  private static final int MOST_UNANSWERED = 96;

  private final String address;
  private final DBusConnection connection;
  private final Map<Long, CompletableFuture<?>> open;
  private final AtomicLong calls = new AtomicLong();
  private final Semaphore unanswered = new Semaphore(MOST_UNANSWERED, true);
  private final AtomicBoolean broken;
  private int version;

  /** What systemd tells by itself. */
  sealed interface Signal {
    String unit();
  }

  /** Who is told. Called in order, from one thread. */
  interface Listener {
    /** Whether a unit is of interest; of others nothing is told, and little is read. */
    boolean cares(String unit);

    void hear(Signal signal);
  }

  record Changed(String unit, Map<String, String> properties) implements Signal {}

  record JobOver(String unit, String job, String result) implements Signal {}

  record Removed(String unit) implements Signal {}

  private Link(
      String address,
      DBusConnection connection,
      Map<Long, CompletableFuture<?>> open,
      AtomicBoolean broken) {
    this.address = address;
    this.connection = connection;
    this.open = open;
    this.broken = broken;
  }

  static Link open(String address, Listener heard, BiConsumer<Link, String> lost, Deadline deadline)
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
      Link link = new Link(address, connection, open, broken);
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

  private void subscribe(Listener heard, Deadline deadline) throws DBusException, DaemonException {
    AutoCloseable _ =
        connection.addGenericSigHandler(
            DBusMatchRuleBuilder.create()
                .withInterface("org.freedesktop.DBus.Properties")
                .withMember("PropertiesChanged")
                .withPathNamespace(ObjectPath.UNITS)
                .build(),
            s -> changed(s, heard));
    AutoCloseable _ =
        connection.addSigHandler(
            rule(ManagerInterface.JobRemoved.class),
            (ManagerInterface.JobRemoved s) ->
                heard.hear(new JobOver(s.unit(), s.job(), s.result())));
    AutoCloseable _ =
        connection.addSigHandler(
            rule(ManagerInterface.UnitRemoved.class),
            (ManagerInterface.UnitRemoved s) -> heard.hear(new Removed(s.unit())));
    call("systemd", deadline, "subscribe");
    String text = String.valueOf(property("Version", deadline));
    Matcher number = Pattern.compile("[0-9]+").matcher(text);
    version = number.find() ? Integer.parseInt(number.group()) : 0;
  }

  private static DBusMatchRule rule(Class<? extends DBusSignal> signal) throws DBusException {
    return DBusMatchRuleBuilder.create().withType(signal).withPath(OBJECT).build();
  }

  /** Every unit of the machine is told of: the properties are unpacked only of one that is of interest. */
  private static void changed(DBusSignal signal, Listener heard) {
    String path = signal.getPath();
    if (!path.endsWith("_2eservice")) {
      return;
    }
    String unit = unitOf(path);
    if (!heard.cares(unit)) {
      return;
    }
    Map<String, String> texts = Map.of();
    try {
      Object[] parameters = signal.getParameters();
      if (parameters.length > 1 && parameters[1] instanceof Map<?, ?> properties) {
        texts = Variants.texts(properties, names(String.valueOf(parameters[0])));
      }
    } catch (DBusException unreadable) {
      LOG.log(System.Logger.Level.WARNING, unit + ": systemd's word cannot be read", unreadable);
    }
    if (!texts.isEmpty()) {
      heard.hear(new Changed(unit, texts));
    }
  }

  private static Set<String> names(String interfaceName) {
    return switch (interfaceName) {
      case UNIT -> UnitState.UNIT;
      case SERVICE -> UnitState.SERVICE;
      default -> Set.of();
    };
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
    Object value = callAt(name, deadline, OBJECT, "get", MANAGER, name);
    return value instanceof Variant<?> v ? v.getValue() : value;
  }

  /**
   * Asks for a property of a unit, and does not wait for the answer.
   *
   * @param turn until when its turn to ask is waited for
   */
  Answer ask(String unit, Deadline turn, String interfaceName, String name) throws DaemonException {
    takeTurn(unit, turn, "get");
    return send(unit, ObjectPath.of(unit), "get", interfaceName, name);
  }

  /** What a unit's object says of itself, in XML. */
  String introspect(String unit, Deadline deadline) throws DaemonException {
    return String.valueOf(callAt(unit, deadline, ObjectPath.of(unit), "Introspect"));
  }

  /** The properties of a unit. */
  Map<String, Variant<?>> properties(String unit, String interfaceName, Deadline deadline)
      throws DaemonException {
    Object all = callAt(unit, deadline, ObjectPath.of(unit), "getAll", interfaceName);
    @SuppressWarnings("unchecked")
    Map<String, Variant<?>> map = (Map<String, Variant<?>>) all;
    return map;
  }

  /** Calls the manager. */
  @com.google.errorprone.annotations.CanIgnoreReturnValue
  Object call(String thing, Deadline deadline, String method, Object... arguments)
      throws DaemonException {
    return callAt(thing, deadline, OBJECT, method, arguments);
  }

  private Object callAt(
      String thing, Deadline deadline, String path, String method, Object... arguments)
      throws DaemonException {
    takeTurn(thing, deadline, method);
    return send(thing, path, method, arguments).get(deadline);
  }

  private void takeTurn(String thing, Deadline deadline, String method) throws DaemonException {
    try {
      if (!unanswered.tryAcquire(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
        throw Faults.timeout(thing, "systemd has not answered what it was asked before " + method);
      }
    } catch (InterruptedException e) {
      throw Faults.interrupted(thing, method);
    }
  }

  /**
   * Sends a call, for which one of those that may be unanswered has been taken. By the library's
   * lower way: the other makes an object for each path, and keeps it as long as the connection.
   */
  private Answer send(String thing, String path, String method, Object... arguments)
      throws DaemonException {
    Method called = Objects.requireNonNull(METHODS.get(method), method);
    CompletableFuture<Object> answer = new CompletableFuture<>();
    long number = calls.incrementAndGet();
    open.put(number, answer);
    var _ =
        answer.whenComplete(
            (value, refused) -> {
              open.remove(number);
              unanswered.release();
            });
    boolean sent = false;
    try {
      if (!isOpen()) {
        throw new DaemonException(
            ErrorCode.IO, thing, "the connection to " + address + " is lost", "try again");
      }
      var _ =
          RemoteInvocationHandler.executeRemoteMethod(
              new RemoteObject(
                  NAME, path, called.getDeclaringClass().asSubclass(DBusInterface.class), false),
              called,
              connection,
              RemoteInvocationHandler.CALL_TYPE_CALLBACK,
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
      sent = true;
      return new Answer(thing, method, answer);
    } catch (DBusExecutionException refused) {
      throw BusFaults.of(thing, refused);
    } catch (DBusException refused) {
      throw new DaemonException(
          ErrorCode.INTERNAL,
          thing,
          method + " cannot be put into a message: " + refused.getMessage(),
          "report this",
          refused);
    } finally {
      if (!sent) {
        answer.cancel(false);
      }
    }
  }

  /** What systemd has been asked, and will answer. */
  final class Answer {
    private final String thing;
    private final String method;
    private final CompletableFuture<Object> value;

    private Answer(String thing, String method, CompletableFuture<Object> value) {
      this.thing = thing;
      this.method = method;
      this.value = value;
    }

    /** Waits for it. */
    Object get(Deadline deadline) throws DaemonException {
      try {
        return value.get(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
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
      } catch (TimeoutException late) {
        value.cancel(false);
        throw Faults.timeout(thing, "systemd has not answered " + method);
      } catch (InterruptedException e) {
        value.cancel(false);
        throw Faults.interrupted(thing, method);
      }
    }

    /** Whether it is there, and a property that is empty. */
    boolean isEmptyText() {
      return value.isDone()
          && !value.isCompletedExceptionally()
          && Variants.text(unpacked(value.resultNow())).isEmpty();
    }

    private static Object unpacked(Object got) {
      return got instanceof Variant<?> v ? v.getValue() : got;
    }

    /** Waits for a property. */
    String text(Deadline deadline) throws DaemonException {
      return Variants.text(unpacked(get(deadline)));
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
