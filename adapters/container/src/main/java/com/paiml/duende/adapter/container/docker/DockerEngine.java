package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.adapter.container.engine.ContainerState;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.adapter.container.engine.EngineFacts;
import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.adapter.container.engine.EngineListener;
import com.paiml.duende.adapter.container.engine.ImageFacts;
import com.paiml.duende.adapter.container.engine.ImageRecipe;
import com.paiml.duende.adapter.container.engine.Marked;
import com.paiml.duende.adapter.container.engine.PullPolicy;
import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Resources;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.UsageSample;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Docker, and Podman by the same API; what only Podman's own API has is asked there. */
public final class DockerEngine implements Engine {
  private static final int SIGKILL = 9;
  private static final Duration CLEAN_UP = Duration.ofSeconds(10);
  private static final Duration INFO_PATIENCE = Duration.ofSeconds(3);
  private static final Duration END_PATIENCE = Duration.ofSeconds(5);

  /** Go's os.ModeDir, in what engines tell of a file. */
  private static final long MODE_DIR = 1L << 31;

  private final EngineKind kind;
  private final UnixHttp http;
  private final ScheduledExecutorService timer;
  private final Optional<Linux> linux;
  private final Map<String, String> environment;
  private volatile @Nullable Dialect dialect;
  private volatile Map<String, String> details = Map.of();

  /**
   * @param timer opens streams of events again
   * @param linux for ending commands beside daemons; empty where there is none
   * @param environment names the files with credentials for registries
   */
  public DockerEngine(
      EngineKind kind,
      UnixHttp http,
      ScheduledExecutorService timer,
      Optional<Linux> linux,
      Map<String, String> environment) {
    this.environment = environment;
    this.kind = kind;
    this.http = http;
    this.timer = timer;
    this.linux = linux;
  }

  @Override
  public EngineKind kind() {
    return kind;
  }

  @Override
  public Path socket() {
    return http.socket();
  }

  /** How it is spoken to; found out once. */
  Dialect dialect(Deadline deadline) throws DaemonException {
    Dialect known = dialect;
    if (known == null) {
      known = Dialect.negotiate(http, kind.title(), deadline);
      dialect = known;
    }
    return known;
  }

  @Override
  public void ping(Deadline deadline) throws DaemonException {
    var _ = dialect(deadline);
  }

  @Override
  public EngineFacts facts(Deadline deadline) throws DaemonException {
    // Asked anew: it may have been replaced by another since.
    Dialect now = Dialect.negotiate(http, kind.title(), deadline);
    boolean same = now.equals(dialect);
    dialect = now;
    if (!same || details.isEmpty()) {
      details = details(now, deadline);
    }
    return new EngineFacts(now.engine(), now.api(), details);
  }

  @Override
  public boolean isLimitless(Deadline deadline) throws DaemonException {
    Map<String, String> known = details;
    return known.isEmpty()
        ? facts(deadline).isLimitless()
        : new EngineFacts("", "", known).isLimitless();
  }

  /** Asked once: Podman looks at every container before it answers. */
  private Map<String, String> details(Dialect spoken, Deadline deadline) throws DaemonException {
    UnixHttp.Answer answer;
    try {
      answer = http.get(spoken.path("/info"), deadline.orAfter(INFO_PATIENCE));
    } catch (DaemonException e) {
      if (!e.code().equals(ErrorCode.TIMEOUT)) {
        throw e;
      }
      return seenFromHere(spoken.podman());
    }
    Map<String, String> found = new LinkedHashMap<>();
    if (answer.ok()) {
      Json info = Json.object(answer.text(), thing());
      put(found, "storage driver", info.at("Driver").text());
      put(found, "cgroup driver", info.at("CgroupDriver").text());
      put(found, "cgroup version", info.at("CgroupVersion").text());
      boolean rootless =
          info.at("SecurityOptions").items().stream().anyMatch(o -> o.text().contains("rootless"))
              || info.at("Rootless").isTrue();
      rootless(found, rootless, spoken.podman());
    }
    return Map.copyOf(found);
  }

  /** Podman of a user's leaves out the limits of processes that it is asked for by Docker's API. */
  private static void rootless(Map<String, String> found, boolean rootless, boolean podman) {
    found.put("rootless", rootless ? "yes" : "no");
    if (rootless && podman) {
      found.put(EngineFacts.ULIMITS, EngineFacts.IGNORED);
    }
  }

  /** What matters of that, where a busy machine keeps the engine from telling: Podman asks the packages of the machine for it. */
  private Map<String, String> seenFromHere(boolean podman) {
    Map<String, String> found = new LinkedHashMap<>();
    try {
      boolean ofRoot = Integer.valueOf(0).equals(Files.getAttribute(http.socket(), "unix:uid"));
      rootless(found, !ofRoot, podman);
    } catch (IOException | UnsupportedOperationException e) {
      return Map.of();
    }
    boolean two = Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
    found.put("cgroup version", two ? "2" : "1");
    return Map.copyOf(found);
  }

  private static void put(Map<String, String> details, String key, String value) {
    if (!value.isEmpty()) {
      details.put(key, value);
    }
  }

  private String thing() {
    return kind.title() + " at " + http.socket();
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  @Override
  public ImageFacts image(
      String reference, PullPolicy policy, Consumer<String> progress, Deadline deadline)
      throws DaemonException {
    Optional<ImageFacts> present =
        policy == PullPolicy.ALWAYS ? Optional.empty() : findImage(reference, deadline);
    if (present.isPresent()) {
      return present.get();
    }
    if (policy == PullPolicy.NEVER) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          "image " + reference,
          "is not there, and [container] pull is \"never\"",
          "build or load it, or write pull = \"missing\"");
    }
    new Pull(http, dialect(deadline), thing(), environment).run(reference, progress, deadline);
    return findImage(reference, deadline)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_FOUND,
                    "image " + reference,
                    "is not there after it was fetched",
                    "see the engine's log"));
  }

  private Optional<ImageFacts> findImage(String reference, Deadline deadline)
      throws DaemonException {
    UnixHttp.Answer answer =
        http.get(dialect(deadline).path("/images/" + path(reference) + "/json"), deadline);
    if (answer.status() == 404) {
      return Optional.empty();
    }
    if (!answer.ok()) {
      throw Refusals.of(
          answer.status() == 400 ? ErrorCode.CONFIGURATION : ErrorCode.IO,
          "image " + reference,
          "cannot be looked for",
          answer);
    }
    Json image = Json.object(answer.text(), thing());
    List<String> digests = image.at("RepoDigests").items().stream().map(Json::text).toList();
    Json test = image.at("Config", "Healthcheck", "Test");
    boolean checks = !test.items().isEmpty() && !test.items().getFirst().text().equals("NONE");
    return Optional.of(new ImageFacts(image.at("Id").text(), digests, checks));
  }

  /** Slashes of a reference stay as they are. */
  private static String path(String reference) {
    return encode(reference).replace("%2F", "/").replace("%3A", ":").replace("%40", "@");
  }

  @Override
  public void importImage(
      String reference, ImageRecipe recipe, InputStream layer, Deadline deadline)
      throws DaemonException {
    StringBuilder changes = new StringBuilder();
    change(changes, "ENTRYPOINT " + Json.write(recipe.entrypoint()));
    recipe.env().forEach(e -> change(changes, "ENV " + e));
    recipe.labels().forEach((k, v) -> change(changes, "LABEL " + k + "=" + v));
    Reference name = Reference.parse(reference);
    UnixHttp.Answer answer =
        http.post(
            dialect(deadline)
                .path(
                    "/images/create?fromSrc=-&repo="
                        + encode(name.name())
                        + "&tag="
                        + encode(name.tag())
                        + changes),
            "application/x-tar",
            layer,
            deadline);
    String said = answer.text();
    if (!answer.ok() || said.contains("\"error\"")) {
      throw Refusals.of(ErrorCode.IO, "image " + reference, "cannot be made", answer);
    }
  }

  private static void change(StringBuilder changes, String change) {
    changes.append("&changes=").append(encode(change));
  }

  @Override
  public String create(ContainerPlan plan, Deadline deadline) throws DaemonException {
    Dialect spoken = dialect(deadline);
    UnixHttp.Answer answer;
    try (Profile profile = Profile.of(plan.seccomp(), spoken.podman())) {
      answer =
          http.post(
              spoken.path("/containers/create?name=" + encode(plan.name())),
              Json.write(CreateBody.of(plan, spoken.podman(), profile.word())),
              deadline);
    }
    if (answer.status() == 409
        || (answer.status() == 500 && answer.text().contains("name is already in use"))
        || (answer.status() == 500 && answer.text().contains("is already in use by"))) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          plan.name(),
          "is the name of another container",
          "rename or remove that one");
    }
    if (answer.status() == 404) {
      throw Refusals.of(ErrorCode.NOT_FOUND, plan.name(), "cannot be made", answer);
    }
    if (!answer.ok()) {
      throw Refusals.of(
          answer.status() == 400 ? ErrorCode.CONFIGURATION : ErrorCode.SPAWN,
          plan.name(),
          "cannot be made",
          answer);
    }
    return identified(answer).at("Id").text();
  }

  /** What is told of a container; an answer that names none tells nothing. */
  private Json identified(UnixHttp.Answer answer) throws DaemonException {
    Json told = Json.object(answer.text(), thing());
    if (told.at("Id").text().isEmpty()) {
      throw new DaemonException(
          ErrorCode.IO,
          thing(),
          "answers and names no container",
          "see whether it is really an engine that listens there");
    }
    return told;
  }

  @Override
  public void start(String id, Deadline deadline) throws DaemonException {
    UnixHttp.Answer answer = http.post(container(id, "/start", deadline), "", deadline);
    if (!answer.ok() && answer.status() != 304) {
      throw Refusals.of(ErrorCode.SPAWN, "container", "cannot be started", answer);
    }
  }

  private String container(String id, String what, Deadline deadline) throws DaemonException {
    return dialect(deadline).path("/containers/" + encode(id) + what);
  }

  @Override
  public Optional<ContainerState> inspect(String idOrName, Deadline deadline)
      throws DaemonException {
    return describe(idOrName, deadline).map(States::of);
  }

  private Optional<Json> describe(String idOrName, Deadline deadline) throws DaemonException {
    UnixHttp.Answer answer = http.get(container(idOrName, "/json", deadline), deadline);
    Deadline patience = Deadline.after(END_PATIENCE);
    while (isEnding(answer) && !patience.hasPassed() && !deadline.hasPassed()) {
      pauseShortly();
      answer = http.get(container(idOrName, "/json", deadline), deadline);
    }
    if (answer.status() == 404) {
      return Optional.empty();
    }
    if (answer.text().contains("container not known") && !answer.ok()) {
      throw new HalfRemoved(idOrName);
    }
    if (!answer.ok()) {
      throw Refusals.of(ErrorCode.STATUS, idOrName, "its state cannot be read", answer);
    }
    return Optional.of(identified(answer));
  }

  /** Podman looked for the control group of a process that ended meanwhile: it notes that end in a moment. */
  private static boolean isEnding(UnixHttp.Answer answer) {
    return !answer.ok() && answer.text().contains("/proc/") && answer.text().contains("/cgroup:");
  }

  @Override
  public List<ContainerState> list(String label, String value, Deadline deadline)
      throws DaemonException {
    String filters = Json.write(Map.of("label", List.of(label + "=" + value)));
    UnixHttp.Answer answer =
        http.get(
            dialect(deadline).path("/containers/json?all=1&filters=" + encode(filters)), deadline);
    if (!answer.ok()) {
      throw Refusals.of(ErrorCode.STATUS, thing(), "does not list containers", answer);
    }
    List<ContainerState> found = new ArrayList<>();
    for (Json one : Json.list(answer.text(), thing())) {
      // The list has no exit codes: each is looked at.
      try {
        inspect(one.at("Id").text(), deadline).ifPresent(found::add);
      } catch (HalfRemoved e) {
        found.add(States.halfRemoved(one.at("Id").text(), one.at("Labels").texts()));
      }
    }
    return found;
  }

  /** Podman was killed in the middle of a removal: it knows the container's name, and has nothing left of it. */
  private static final class HalfRemoved extends DaemonException {
    private static final long serialVersionUID = 1L;

    HalfRemoved(String container) {
      super(
          ErrorCode.STATUS,
          container,
          "its removal was begun and not finished",
          "remove it again",
          null);
    }
  }

  @Override
  public boolean hasDirectory(ContainerPlan plan, String path, Deadline deadline)
      throws DaemonException {
    // Files of an image can be looked at in a container of it only; this one never runs.
    Map<String, Object> body =
        Map.of("Image", plan.image(), "Cmd", List.of("x"), "Labels", plan.labels());
    UnixHttp.Answer made =
        http.post(dialect(deadline).path("/containers/create"), Json.write(body), deadline);
    if (!made.ok()) {
      throw Refusals.of(ErrorCode.SPAWN, plan.name(), "its image cannot be looked into", made);
    }
    String id = Json.object(made.text(), thing()).at("Id").text();
    try {
      return isDirectory(id, path, deadline);
    } finally {
      remove(id, Deadline.after(CLEAN_UP));
    }
  }

  private boolean isDirectory(String id, String path, Deadline deadline) throws DaemonException {
    UnixHttp.Answer answer =
        http.head(container(id, "/archive?path=" + encode(path), deadline), deadline);
    if (!answer.ok()) {
      return false;
    }
    String stat = answer.header("x-docker-container-path-stat");
    try {
      Json about =
          Json.object(
              new String(Base64.getDecoder().decode(stat), StandardCharsets.UTF_8), thing());
      // A symbolic link is followed when the container starts.
      return (about.at("mode").number() & MODE_DIR) != 0
          || !about.at("linkTarget").text().isEmpty();
    } catch (IllegalArgumentException e) {
      return true;
    }
  }

  @Override
  public boolean signal(String id, int signal, Deadline deadline) throws DaemonException {
    Dialect spoken = dialect(deadline);
    String kill = "/containers/" + encode(id) + "/kill?signal=" + signal;
    // By Docker's API Podman looks for the end of what it kills four times a second, and answers
    // then.
    UnixHttp.Answer answer =
        http.post(spoken.podman() ? spoken.libpodPath(kill) : spoken.path(kill), "", deadline);
    if (answer.ok()) {
      return true;
    }
    if (isNotRunning(answer)) {
      return false;
    }
    throw Refusals.of(ErrorCode.SIGNAL, "container", "does not take signal " + signal, answer);
  }

  /** What Podman was not told to stop, it starts again: after a signal too. It sends the signal with which the container was made. */
  @Override
  public boolean stop(String id, int signal, Duration grace, Deadline deadline)
      throws DaemonException {
    if (!dialect(deadline).podman()) {
      return signal(id, signal, deadline);
    }
    long seconds = Math.max(1, grace.plusMillis(999).toSeconds());
    UnixHttp.Answer answer = http.post(container(id, "/stop?t=" + seconds, deadline), "", deadline);
    if (answer.ok()) {
      return true;
    }
    if (answer.status() == 304 || isNotRunning(answer)) {
      return false;
    }
    throw Refusals.of(ErrorCode.SIGNAL, "container", "cannot be stopped", answer);
  }

  private static boolean isNotRunning(UnixHttp.Answer answer) {
    String words = answer.text();
    return answer.status() == 404
        || answer.status() == 409
        || words.contains("is not running")
        || words.contains("can only kill running containers")
        || words.contains("no such process")
        || words.contains("process already finished")
        || words.contains("container state improper")
        // It was, and Podman has waited in vain for the note of its end.
        || words.contains("timed out waiting for file");
  }

  @Override
  public void kill(String id, Deadline deadline) throws DaemonException {
    Optional<ContainerState> state;
    try {
      state = inspect(id, deadline);
    } catch (HalfRemoved e) {
      return;
    }
    if (state.isEmpty() || state.get().phase() == ContainerState.Phase.ENDED) {
      return;
    }
    boolean paused = state.get().phase() == ContainerState.Phase.PAUSED;
    boolean podman = dialect(deadline).podman();
    if (paused && podman) {
      // Podman waits for the end of what it has killed, which is frozen.
      resume(id, deadline);
    }
    boolean reached = signal(id, SIGKILL, deadline);
    if (reached && paused && !podman) {
      resumeIfPaused(id, deadline);
    }
    if (!reached && podman) {
      noticeEnd(id, deadline);
    }
  }

  /**
   * Podman that was killed in the middle of an end, or whose monitor of the container was, says that the container runs and
   * takes no signal. A stop has it wait for what the monitor would have noted, give up, and note the end itself.
   */
  private void noticeEnd(String id, Deadline deadline) throws DaemonException {
    if (inspect(id, deadline).filter(ContainerState::isAlive).isPresent()) {
      // Refused when it has given up.
      UnixHttp.Answer _ = http.post(container(id, "/stop?t=1", deadline), "", deadline);
    }
  }

  private void resumeIfPaused(String id, Deadline deadline) throws DaemonException {
    UnixHttp.Answer answer = http.post(container(id, "/unpause", deadline), "", deadline);
    if (!answer.ok() && inspect(id, deadline).filter(this::isPaused).isPresent()) {
      throw Refusals.of(ErrorCode.SIGNAL, "container", "cannot be resumed", answer);
    }
  }

  private boolean isPaused(ContainerState state) {
    return state.phase() == ContainerState.Phase.PAUSED;
  }

  @Override
  public void pause(String id, Deadline deadline) throws DaemonException {
    UnixHttp.Answer answer = http.post(container(id, "/pause", deadline), "", deadline);
    if (!answer.ok() && inspect(id, deadline).filter(this::isPaused).isEmpty()) {
      throw Refusals.of(ErrorCode.INVALID_STATE, "container", "cannot be paused", answer);
    }
  }

  @Override
  public void resume(String id, Deadline deadline) throws DaemonException {
    resumeIfPaused(id, deadline);
  }

  @Override
  public void remove(String id, Deadline deadline) throws DaemonException {
    boolean gaveUp = false;
    while (true) {
      UnixHttp.Answer answer = http.delete(container(id, "?v=1&force=1", deadline), deadline);
      if (answer.ok() || answer.status() == 404) {
        return;
      }
      if (answer.text().contains("could not be stopped") && !gaveUp) {
        // Podman has waited for the note of an end that it missed, and knows of the end now.
        gaveUp = true;
        continue;
      }
      // "removal … is already in progress": somebody else's call, or one of ours that was cut off.
      if (answer.status() == 409 && !deadline.hasPassed()) {
        Thread.onSpinWait();
        if (inspect(id, deadline).isEmpty()) {
          return;
        }
        pauseShortly();
        continue;
      }
      throw Refusals.of(ErrorCode.IO, "container", "cannot be removed", answer);
    }
  }

  private static void pauseShortly() throws DaemonException {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, "container", "the wait for its end was interrupted", "ask again", e);
    }
  }

  @Override
  public void update(String id, Resources resources, Deadline deadline) throws DaemonException {
    Dialect spoken = dialect(deadline);
    Map<String, Object> changes = new LinkedHashMap<>();
    String path;
    if (spoken.podman()) {
      path = spoken.libpodPath("/containers/" + encode(id) + "/update");
      changes.put("memory", Map.of("limit", resources.memory(), "swap", resources.memorySwap()));
      changes.put(
          "cpu",
          Map.of(
              "shares",
              resources.cpuShares(),
              "quota",
              Math.round(resources.cpuQuota() * 1000),
              "period",
              100_000));
      changes.put("pids", Map.of("limit", resources.pids()));
    } else {
      path = container(id, "/update", deadline);
      ContainerPlan.Limits limits =
          new ContainerPlan.Limits(
              resources.memory(),
              resources.memorySwap(),
              resources.cpuQuota(),
              resources.cpuShares(),
              resources.pids(),
              0,
              false);
      CreateBody.limits(limits, changes, false);
    }
    UnixHttp.Answer answer = http.post(path, Json.write(changes), deadline);
    if (!answer.ok()) {
      throw Refusals.of(
          answer.status() == 404 ? ErrorCode.NOT_SUPPORTED : ErrorCode.RESOURCE_LIMIT,
          "container",
          "its limits cannot be changed",
          answer);
    }
  }

  @Override
  public UsageSample usage(String id, Deadline deadline) throws DaemonException {
    UnixHttp.Answer answer =
        http.get(container(id, "/stats?stream=false&one-shot=true", deadline), deadline);
    if (!answer.ok()) {
      throw Refusals.of(ErrorCode.STATUS, "container", "its use cannot be read", answer);
    }
    return Stats.of(Json.object(answer.text(), thing()));
  }

  @Override
  public ExecResult exec(String id, List<String> command, Deadline deadline)
      throws DaemonException {
    String mark = UUID.randomUUID().toString();
    UnixHttp.Answer made =
        http.post(
            container(id, "/exec", deadline),
            Json.write(
                Map.of(
                    "AttachStdout",
                    true,
                    "AttachStderr",
                    true,
                    "Cmd",
                    command,
                    "Env",
                    List.of(Marked.VARIABLE + "=" + mark))),
            deadline);
    if (!made.ok()) {
      throw Refusals.of(ErrorCode.SPAWN, String.join(" ", command), "cannot be run", made);
    }
    String exec = Json.object(made.text(), thing()).at("Id").text();
    Exec output = new Exec();
    UnixHttp.Stream stream =
        http.stream(
            "POST",
            dialect(deadline).path("/exec/" + encode(exec) + "/start"),
            "application/json",
            "{\"Detach\":false,\"Tty\":false}".getBytes(StandardCharsets.UTF_8),
            output);
    try (stream) {
      int status =
          output.done().get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS);
      if (status >= 300) {
        return notRun(output.output());
      }
      return new ExecResult(exitCode(exec, deadline), false, output.output());
    } catch (TimeoutException e) {
      end(id, exec, mark);
      return new ExecResult(128 + SIGKILL, true, output.output());
    } catch (ExecutionException e) {
      end(id, exec, mark);
      throw http.unreachable("a command", e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      end(id, exec, mark);
      Thread.currentThread().interrupt();
      return new ExecResult(128 + SIGKILL, true, output.output());
    }
  }

  /** What cannot be run ends as a shell would tell it. */
  private static ExecResult notRun(String words) {
    return new ExecResult(words.contains("not found") ? 127 : 126, false, words.strip());
  }

  private int exitCode(String exec, Deadline deadline) throws DaemonException {
    // The output may end a moment before the engine knows how the process ended.
    Deadline patience = deadline.hasPassed() ? Deadline.after(CLEAN_UP) : deadline;
    while (true) {
      Json state = execState(exec, patience);
      if (!state.at("Running").isTrue() || patience.hasPassed()) {
        return (int) state.at("ExitCode").number();
      }
      pauseShortly();
    }
  }

  private Json execState(String exec, Deadline deadline) throws DaemonException {
    UnixHttp.Answer answer =
        http.get(dialect(deadline).path("/exec/" + encode(exec) + "/json"), deadline);
    if (!answer.ok()) {
      throw Refusals.of(ErrorCode.STATUS, "a command", "its end cannot be read", answer);
    }
    return Json.object(answer.text(), thing());
  }

  private void end(String id, String exec, String mark) throws DaemonException {
    Deadline deadline = Deadline.after(CLEAN_UP);
    if (linux.isEmpty()) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          "a command beside a daemon",
          "its time is over, and it can be killed on Linux only",
          "end it inside the container");
    }
    long root = execState(exec, deadline).at("Pid").number();
    Marked processes = new Marked(linux.get(), mark, root);
    try {
      List<Integer> left = processes.kill(deadline);
      if (!left.isEmpty()) {
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            "a command beside a daemon",
            "was killed and is not gone yet: pids " + left,
            "ask again");
      }
    } catch (LinuxException refused) {
      endFromInside(id, processes, refused);
    }
  }

  /** Whoever may use the engine may do in the container what he may not do beside it. */
  private void endFromInside(String id, Marked processes, LinuxException why)
      throws DaemonException {
    try {
      List<String> kill = new ArrayList<>(List.of("kill", "-9"));
      for (int pid : processes.pids()) {
        linux
            .orElseThrow()
            .proc()
            .status(pid)
            .flatMap(s -> s.field("NSpid"))
            .ifPresent(n -> kill.add(n.substring(n.lastIndexOf('\t') + 1)));
      }
      Deadline deadline = Deadline.after(CLEAN_UP);
      if (kill.size() > 2 && exec(id, kill, deadline).code() != 0) {
        throw new DaemonException(
            ErrorCode.PERMISSION_DENIED,
            "a command beside a daemon",
            "its time is over, and it may not be killed from here: " + why.getMessage(),
            "run Duende as root, or give the image a kill program",
            why);
      }
    } catch (LinuxException e) {
      throw new DaemonException(
          ErrorCode.IO, "a command beside a daemon", "cannot be found: " + e.getMessage(), "", e);
    }
  }

  @Override
  public LogSource logs(String id) {
    return query -> {
      if (query.last() == 0 && !query.follow()) {
        return LogStreams.EMPTY;
      }
      return open(id, query);
    };
  }

  private LogStream open(String id, com.paiml.duende.spi.LogQuery query) throws DaemonException {
    StringBuilder path = new StringBuilder("/logs?stdout=1&stderr=1&timestamps=1");
    path.append("&follow=").append(query.follow() ? 1 : 0);
    path.append("&tail=").append(query.last() < 0 ? "all" : Integer.toString(query.last()));
    query.since().ifPresent(t -> path.append("&since=").append(t.getEpochSecond()));
    ContainerLog log = new ContainerLog(id);
    log.comesFrom(
        http.stream(
            "GET", container(id, path.toString(), Deadline.after(CLEAN_UP)), "", new byte[0], log));
    return log;
  }

  @Override
  public boolean checksHealth() {
    Dialect spoken = dialect;
    // Podman has the checks made by timers of systemd.
    return spoken == null || !spoken.podman() || Files.isDirectory(Path.of("/run/systemd/system"));
  }

  @Override
  public Optional<Boolean> checkHealth(String id, Deadline deadline) throws DaemonException {
    Dialect spoken = dialect(deadline);
    if (!spoken.podman()) {
      return Optional.empty();
    }
    UnixHttp.Answer answer =
        http.get(spoken.libpodPath("/containers/" + encode(id) + "/healthcheck"), deadline);
    if (answer.status() == 409 || answer.status() == 404) {
      return Optional.empty();
    }
    if (!answer.ok()) {
      throw Refusals.of(ErrorCode.STATUS, "container", "its health cannot be asked for", answer);
    }
    return Optional.of(
        !Json.object(answer.text(), thing()).at("Status").text().equals("unhealthy"));
  }

  @Override
  public AutoCloseable watch(String instance, EngineListener listener) {
    try {
      Events events = new Events(this, http, instance, listener, timer);
      events.open();
      return events;
    } catch (DaemonException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    // The transport is closed by who made it.
  }
}
