package org.example.duende.ssh;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.UsageSample;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * Runs programs on other machines: {@code platform = "ssh"}. The program is supervised there by a small script, goes on
 * without us, and keeps its exit status until somebody asks for it.
 */
@Component(property = PlatformAdapter.PLATFORM + "=" + SshAdapter.NAME)
public final class SshAdapter implements PlatformAdapter {
  static final String NAME = "ssh";

  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final Duration TO_DIE = Duration.ofSeconds(20);
  private static final int PIECE = 256 << 10;

  /** Linux refuses longer ones (MAX_ARG_STRLEN, 128 KiB with the zero), and so would the far side. */
  private static final int MOST_WORD = (128 << 10) - 1;

  private final Agent agent = Agent.load();
  private final Optional<Path> ssh;
  private final Map<Key, Run> runs = new ConcurrentHashMap<>();
  private final Map<Link, Session> sessions = new ConcurrentHashMap<>();
  private final Map<Link, Object> locks = new ConcurrentHashMap<>();
  private volatile boolean gone;

  private record Key(String name, long generation, String id) {
    static Key of(DaemonHandle handle) {
      return new Key(handle.name(), handle.generation(), handle.id().toString());
    }
  }

  private record Link(Host host, String instance) {}

  @Activate
  public SshAdapter() {
    this(
        Stream.of(System.getenv().getOrDefault("PATH", "/usr/bin").split(File.pathSeparator))
            .map(folder -> Path.of(folder, "ssh"))
            .filter(Files::isExecutable)
            .findFirst());
  }

  SshAdapter(Optional<Path> ssh) {
    this.ssh = ssh;
  }

  /** The programs go on; whoever comes next takes them up. */
  @Deactivate
  public void leave() {
    gone = true;
    sessions.values().forEach(Session::close);
    runs.values()
        .forEach(
            run -> run.exit().completeExceptionally(new AdapterGone(NAME, run.handle().name())));
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    if (ssh.isEmpty()) {
      return Fingerprint.absent(
          "there is no ssh on the path: install OpenSSH's client (Debian: apt-get install"
              + " openssh-client)");
    }
    return new Fingerprint(
        true,
        "",
        false,
        "",
        Map.of(
            Payload.Kind.PROGRAM,
            Set.of(
                Capability.SIGNAL,
                Capability.KILL,
                Capability.PAUSE,
                Capability.RECOVER,
                Capability.EXEC,
                Capability.LOGS,
                Capability.USAGE,
                Capability.WORKING_DIR)),
        Map.of(),
        Map.of("ssh", ssh.get().toString()));
  }

  @Override
  public TableSchema schema() {
    return new TableSchema(
        NAME,
        List.of(
            TableSchema.Key.of(
                "host", TableSchema.Type.STRING, "", "machine: user@box, or a Host of ssh_config"),
            TableSchema.Key.of("port", TableSchema.Type.INTEGER, "0", "its port; 0: as ssh has it"),
            TableSchema.Key.of(
                "identity", TableSchema.Type.STRING, "", "private key; empty: as ssh has it"),
            TableSchema.Key.of(
                "known_hosts",
                TableSchema.Type.STRING,
                "",
                "file of host keys; empty: as ssh has it"),
            TableSchema.Key.of(
                "directory", TableSchema.Type.STRING, "", "directory there; empty: ~/.duende")));
  }

  @Override
  public List<String> check(DaemonConfig config) {
    try {
      Host.of(config.name(), config.table(NAME));
      return List.of();
    } catch (DaemonException e) {
      return List.of(e.problem() + "; " + e.remedy());
    }
  }

  // Runs.

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    here(spec.name());
    if (!(spec.payload() instanceof Payload.Program(String program))) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          spec.name(),
          "is no program",
          "platform \"ssh\" runs programs: write binary_path");
    }
    Host host = Host.of(spec.name(), spec.table());
    String key = spec.name() + "." + spec.generation();
    List<String> words = new ArrayList<>();
    words.add(key);
    words.add(spec.config().workingDir());
    words.add(program);
    words.add(Integer.toString(spec.env().size()));
    for (String variable : spec.env()) {
      if (!variable.matches("(?s)[A-Za-z_][A-Za-z0-9_]*=.*")) {
        throw new DaemonException(
            ErrorCode.SPAWN,
            spec.name(),
            "has a variable that no shell can set: " + variable.replaceFirst("(?s)=.*", ""),
            "name it with letters, digits and _");
      }
      words.add(variable);
    }
    words.addAll(spec.args());
    for (String word : words) {
      if (word.getBytes(StandardCharsets.UTF_8).length > MOST_WORD || word.indexOf('\0') >= 0) {
        throw new DaemonException(
            ErrorCode.SPAWN,
            spec.name(),
            "an argument or variable of it is longer than Linux takes, or has a zero in it",
            "give it a file");
      }
    }
    Session session = session(host, spec.instance().id(), deadline);
    Run run = run(host, spec, key, Map.of());
    // Known before it is started: its end may be told before the answer to its start.
    runs.put(Key.of(run.handle()), run);
    try {
      List<String> identity =
          Session.words(session.ask(deadline, "start", words.toArray(String[]::new)));
      DaemonHandle handle =
          handle(
              host, spec, key, Map.of(DaemonHandle.PID, identity.get(0), "start", identity.get(1)));
      Run known = new Run(host, run.instance(), key, handle, run.exit());
      runs.put(Key.of(handle), known);
      return handle;
    } catch (Session.Refused e) {
      runs.remove(Key.of(run.handle()));
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "was not started on " + host.host() + ": " + e.getMessage(),
          "look at the program and its directory there",
          e);
    } catch (DaemonException e) {
      runs.remove(Key.of(run.handle()));
      forget(session, key);
      throw e;
    }
  }

  /** After a start of which nobody knows how far it came. */
  private static void forget(Session session, String key) {
    try {
      session.ask(Deadline.after(TO_DIE), "drop", key);
    } catch (DaemonException | Session.Refused e) {
      // The next recoveryComplete removes it.
      System.getLogger(SshAdapter.class.getName())
          .log(System.Logger.Level.DEBUG, "a start that failed could not be undone", e);
    }
  }

  private static Run run(Host host, LaunchSpec spec, String key, Map<String, String> more) {
    return new Run(
        host, spec.instance().id(), key, handle(host, spec, key, more), new CompletableFuture<>());
  }

  private static DaemonHandle handle(
      Host host, LaunchSpec spec, String key, Map<String, String> more) {
    Map<String, String> data = new HashMap<>(host.data());
    data.put("run", key);
    data.put("instance", spec.instance().id());
    data.putAll(more);
    return new DaemonHandle(NAME, spec.name(), spec.id(), spec.generation(), data);
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    here(handle.name());
    Host host = Host.ofHandle(handle.data());
    String instance = handle.get("instance").orElse(spec.instance().id());
    String key = handle.get("run").orElse(handle.name() + "." + handle.generation());
    Run run = new Run(host, instance, key, handle, new CompletableFuture<>());
    runs.put(Key.of(handle), run);
    List<String> now;
    try {
      now = Session.words(session(host, instance, deadline).ask(deadline, "look", key));
    } catch (Session.Refused e) {
      now = List.of("lost");
    } catch (DaemonException e) {
      runs.remove(Key.of(handle));
      throw e;
    }
    switch (now.getFirst()) {
      case "exited" -> {
        ExitReason reason = Run.reason(Integer.parseInt(now.get(1)));
        run.exit().complete(reason);
        return new Recovery.Exited(reason);
      }
      case "running", "paused" -> {
        if (!now.get(1).equals(handle.get(DaemonHandle.PID).orElse(""))) {
          break;
        }
        return new Recovery.Running(handle, now.getFirst().equals("paused"));
      }
      default -> {}
    }
    String why = "no process of it is on " + host.host() + " any more, and no exit status";
    run.exit().complete(new ExitReason.Lost(why));
    return new Recovery.Lost(why);
  }

  @Override
  public void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    here(NAME);
    Map<Link, List<String>> keep = new HashMap<>();
    sessions.keySet().stream()
        .filter(l -> l.instance().equals(instance.id()))
        .forEach(l -> keep.put(l, new ArrayList<>()));
    for (DaemonHandle handle : kept) {
      keep.computeIfAbsent(
              new Link(Host.ofHandle(handle.data()), instance.id()), l -> new ArrayList<>())
          .add(handle.get("run").orElse(handle.name() + "." + handle.generation()));
    }
    for (Map.Entry<Link, List<String>> e : keep.entrySet()) {
      try {
        session(e.getKey().host(), instance.id(), deadline)
            .ask(deadline, "keep", e.getValue().toArray(String[]::new));
      } catch (Session.Refused refused) {
        throw failed(e.getKey().host().host(), refused);
      }
    }
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    ask(alive(handle), deadline, "send", signal.name());
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Run run = known(handle);
    PlatformStatus.State state = PlatformStatus.State.ENDED;
    if (!run.exit().isDone()) {
      state =
          switch (Session.words(ask(run, deadline, "look")).getFirst()) {
            case "running" -> PlatformStatus.State.RUNNING;
            case "paused" -> PlatformStatus.State.PAUSED;
            default -> PlatformStatus.State.ENDED;
          };
    }
    return new PlatformStatus(
        state,
        // A pid of another machine: nobody here may take it for one of ours.
        OptionalLong.empty(),
        "",
        List.of(),
        Map.of("host", run.host().host(), "pid there", handle.get(DaemonHandle.PID).orElse("")));
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    here(handle.name());
    Run run = runs.get(Key.of(handle));
    if (run == null || run.exit().isDone()) {
      return;
    }
    if (!timeout.isZero()) {
      try {
        session(run, Deadline.after(WAIT))
            .ask(Deadline.after(WAIT), "send", run.key(), stopSignal.name());
        // What is stopped hears it when it goes on.
        session(run, Deadline.after(WAIT)).ask(Deadline.after(WAIT), "each", run.key(), "CONT");
      } catch (Session.Refused e) {
        // It is ending already.
        await(run, TO_DIE);
        return;
      }
      if (await(run, timeout)) {
        return;
      }
    }
    kill(handle, Deadline.after(TO_DIE));
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    Run run = runs.get(Key.of(handle));
    if (run == null || run.exit().isDone()) {
      return;
    }
    ask(run, deadline, "end");
    if (!await(run, deadline.remaining())) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          handle.name(),
          "does not end on " + run.host().host(),
          "look what it waits for there");
    }
  }

  /** Waits for the end; an adapter that leaves meanwhile says so. */
  private boolean await(Run run, Duration time) throws DaemonException {
    try {
      run.exit().get(time.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new AdapterGone(NAME, run.handle().name());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, run.handle().name(), "waiting for its end was interrupted", "", e);
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    ask(alive(handle), deadline, "each", "STOP");
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    ask(alive(handle), deadline, "each", "CONT");
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    Run run = runs.get(Key.of(handle));
    if (run != null) {
      return run.exit();
    }
    return gone
        ? CompletableFuture.failedFuture(new AdapterGone(NAME, handle.name()))
        : CompletableFuture.completedFuture(new ExitReason.Lost("it is not known here"));
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    List<Long> n =
        Session.words(ask(alive(handle), deadline, "usage")).stream().map(Long::valueOf).toList();
    long unknown = UsageSample.UNKNOWN;
    return new UsageSample(
        Instant.now(),
        n.get(0) * 1_000_000_000L / n.get(4),
        n.get(1) * n.get(5),
        n.get(2),
        n.get(3),
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown);
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    Run run = known(handle);
    return query ->
        new RemoteLog(
            (offset, deadline) ->
                ask(run, deadline, "log", Long.toString(offset), Integer.toString(PIECE)),
            query);
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    here(handle.name());
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        handle.name(),
        "has no limits over ssh",
        "set them on that machine");
  }

  @Override
  public ExecResult exec(DaemonHandle handle, List<String> command, Deadline deadline)
      throws DaemonException {
    Run run = alive(handle);
    // Whole seconds there; ours comes on top, so that the far side is the one that ends it.
    long seconds = Math.max(1, deadline.remaining().toSeconds());
    List<String> words = new ArrayList<>(List.of(run.key(), Long.toString(seconds)));
    words.addAll(command);
    try {
      byte[] answer =
          session(run, deadline)
              .ask(
                  Deadline.after(Duration.ofSeconds(seconds).plus(TO_DIE)),
                  "beside",
                  words.toArray(String[]::new));
      // The output, then a last line's worth of "CODE late" or "CODE intime".
      String text = new String(answer, StandardCharsets.UTF_8);
      int verdict = Math.max(text.lastIndexOf(" late"), text.lastIndexOf(" intime"));
      int code = verdict;
      while (code > 0 && Character.isDigit(text.charAt(code - 1)) && verdict - code < 3) {
        code--;
      }
      return new ExecResult(
          Integer.parseInt(text.substring(code, verdict)),
          text.startsWith(" late", verdict),
          text.substring(0, code));
    } catch (Session.Refused e) {
      throw failed(handle.name(), e);
    }
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    Run run = runs.get(Key.of(handle));
    if (run != null) {
      ask(run, deadline, "drop");
      runs.remove(Key.of(handle));
      run.exit().complete(new ExitReason.Lost("it was removed"));
    }
  }

  // The far side.

  private void here(String thing) throws AdapterGone {
    if (gone) {
      throw new AdapterGone(NAME, thing);
    }
  }

  private Run known(DaemonHandle handle) throws DaemonException {
    here(handle.name());
    Run run = runs.get(Key.of(handle));
    if (run == null) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND, handle.name(), "has no such run over ssh", "see \"duende ps\"");
    }
    return run;
  }

  private Run alive(DaemonHandle handle) throws DaemonException {
    Run run = known(handle);
    if (run.exit().isDone()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, handle.name(), "has ended", "start it again");
    }
    return run;
  }

  private byte[] ask(Run run, Deadline deadline, String verb, String... more)
      throws DaemonException {
    List<String> words = new ArrayList<>(List.of(run.key()));
    words.addAll(List.of(more));
    try {
      return session(run, deadline).ask(deadline, verb, words.toArray(String[]::new));
    } catch (Session.Refused e) {
      throw failed(run.handle().name(), e);
    }
  }

  private static DaemonException failed(String thing, Session.Refused e) {
    return new DaemonException(
        ErrorCode.INVALID_STATE,
        thing,
        "was refused: " + e.getMessage(),
        "see \"duende status\"",
        e);
  }

  private Session session(Run run, Deadline deadline) throws DaemonException {
    return session(run.host(), run.instance(), deadline);
  }

  private Session session(Host host, String instance, Deadline deadline) throws DaemonException {
    Link link = new Link(host, instance);
    // One connects, others wait for it.
    synchronized (link(link)) {
      here(host.host());
      Session open = sessions.get(link);
      if (open != null && open.isOpen()) {
        return open;
      }
      Path program =
          ssh.orElseThrow(
              () ->
                  new DaemonException(
                      ErrorCode.NOT_FOUND, "ssh", "is not on the path", "install OpenSSH"));
      Session session =
          Session.open(
              host,
              program,
              instance,
              agent,
              (key, code) -> ended(link, key, code),
              () -> lost(link),
              deadline);
      sessions.put(link, session);
      if (gone) {
        session.close();
        here(host.host());
      }
      return session;
    }
  }

  private Object link(Link link) {
    return locks.computeIfAbsent(link, l -> new Object());
  }

  private List<Run> of(Link link) {
    return runs.values().stream()
        .filter(r -> r.host().equals(link.host()) && r.instance().equals(link.instance()))
        .toList();
  }

  /**
   * On the thread that hears all answers of this far side. Who waits for an end may ask something next, so the end is told on
   * a thread of its own: otherwise that answer would never be heard.
   */
  private void ended(Link link, String key, int code) {
    of(link).stream()
        .filter(r -> r.key().equals(key))
        .forEach(r -> r.exit().completeAsync(() -> Run.reason(code), Thread::startVirtualThread));
  }

  /** The connection broke: connect again, as long as there is a run there, and ask what became of each. */
  private void lost(Link link) {
    Thread.ofPlatform()
        .name("duende-ssh-" + link.host().host() + "-again")
        .daemon(true)
        .start(
            () -> {
              Duration wait = Duration.ofMillis(500);
              while (!gone && of(link).stream().anyMatch(r -> !r.exit().isDone())) {
                try {
                  Session session = session(link.host(), link.instance(), Deadline.after(WAIT));
                  for (Run run : of(link)) {
                    List<String> now =
                        Session.words(session.ask(Deadline.after(WAIT), "look", run.key()));
                    if (now.getFirst().equals("exited")) {
                      run.exit().complete(Run.reason(Integer.parseInt(now.get(1))));
                    } else if (now.getFirst().equals("lost")) {
                      run.exit().complete(new ExitReason.HostLost(link.host().host()));
                    }
                  }
                  return;
                } catch (DaemonException | Session.Refused e) {
                  try {
                    Thread.sleep(wait);
                    wait = wait.multipliedBy(2).compareTo(WAIT) > 0 ? WAIT : wait.multipliedBy(2);
                  } catch (InterruptedException stop) {
                    Thread.currentThread().interrupt();
                    return;
                  }
                }
              }
            });
  }
}
