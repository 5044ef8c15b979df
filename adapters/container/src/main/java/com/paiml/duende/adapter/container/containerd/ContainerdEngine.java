package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.adapter.container.docker.Reference;
import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.adapter.container.engine.ContainerState;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.adapter.container.engine.EngineFacts;
import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.adapter.container.engine.EngineListener;
import com.paiml.duende.adapter.container.engine.ImageFacts;
import com.paiml.duende.adapter.container.engine.ImageRecipe;
import com.paiml.duende.adapter.container.engine.PullPolicy;
import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.LogConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.support.rotation.LogBooks;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** containerd by its own API: images, snapshots, containers and tasks are separate things there, and are kept together here. */
public final class ContainerdEngine implements Engine {
  private static final System.Logger LOGGER = System.getLogger(ContainerdEngine.class.getName());

  /** The namespace of containerd in which Duende's containers are: {@code ctr -n duende containers ls}. */
  public static final String NAMESPACE = "duende";

  private static final String IMAGES = "containerd.services.images.v1.Images/";
  private static final String CONTENT = "containerd.services.content.v1.Content/";
  private static final String SNAPSHOTS = "containerd.services.snapshots.v1.Snapshots/";
  private static final String CONTAINERS = "containerd.services.containers.v1.Containers/";
  private static final String TASKS = "containerd.services.tasks.v1.Tasks/";
  private static final String VERSION = "containerd.services.version.v1.Version/Version";

  private static final String SNAPSHOTTER = "overlayfs";
  private static final String RUNTIME = "io.containerd.runc.v2";
  private static final String SPEC = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
  private static final String LIMITS =
      "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

  /** Where the output of a container goes: kept as a label of it. */
  private static final String LOG = "duende.log";

  /** Of a log that nobody looks after, no archive is too many. */
  private static final LogConfig AS_IT_IS = new LogConfig(LogConfig.DEFAULT.maxSize(), 10_000);

  private static final int SIGKILL = 9;
  private static final Duration CLEAN_UP = Duration.ofSeconds(10);

  /** How long containerd is left alone with what is left of a task, before its shim is taken for stuck. */
  private static final Duration LEFT_OVER = Duration.ofSeconds(8);

  /** containerd.v1.types.Status. */
  private static final int CREATED = 1;

  private static final int RUNNING = 2;
  private static final int STOPPED = 3;
  private static final int PAUSED = 4;
  private static final int PAUSING = 5;

  private final UnixHttp http;
  private final Grpc grpc;
  private final ScheduledExecutorService timer;
  private final Optional<Linux> linux;
  private final Supplier<LogBooks> logs;
  private final Map<String, String> environment;

  private volatile boolean answered;

  /** Containers between their making and their first task. */
  private final Set<String> beginning = ConcurrentHashMap.newKeySet();

  /**
   * @param timer opens streams of events again
   * @param linux for ending commands beside daemons; empty where there is none
   * @param logs the files into which containerd writes what containers say
   * @param environment names the files with credentials for registries
   */
  public ContainerdEngine(
      UnixHttp http,
      ScheduledExecutorService timer,
      Optional<Linux> linux,
      Supplier<LogBooks> logs,
      Map<String, String> environment) {
    this.environment = environment;
    this.logs = logs;
    this.http = http;
    this.grpc = new Grpc(http, NAMESPACE);
    this.timer = timer;
    this.linux = linux;
  }

  @Override
  public EngineKind kind() {
    return EngineKind.CONTAINERD;
  }

  @Override
  public Path socket() {
    return http.socket();
  }

  @Override
  public EngineFacts facts(Deadline deadline) throws DaemonException {
    return new EngineFacts(
        version(deadline),
        "",
        Map.of("namespace", NAMESPACE, "snapshotter", SNAPSHOTTER, "runtime", RUNTIME));
  }

  @Override
  public void ping(Deadline deadline) throws DaemonException {
    if (!answered) {
      String _ = version(deadline);
    }
  }

  private String version(Deadline deadline) throws DaemonException {
    String version = grpc.call(VERSION, new ProtoWriter(), deadline).text(1);
    Release.refuseOld(version, "containerd at " + socket());
    answered = true;
    return version;
  }

  @Override
  public ImageFacts image(
      String reference, PullPolicy policy, Consumer<String> progress, Deadline deadline)
      throws DaemonException {
    String name = Reference.parse(reference).normalized();
    boolean there = policy != PullPolicy.ALWAYS && target(name, deadline).isPresent();
    if (!there) {
      if (policy == PullPolicy.NEVER) {
        throw missing(name, "is not there, and [container] pull is \"never\"");
      }
      progress.accept("fetching " + name);
      fetch(name, deadline);
    }
    ImageConfig config = config(name, deadline);
    return new ImageFacts(config.digest(), List.of(name + "@" + config.digest()), false);
  }

  private void fetch(String name, Deadline deadline) throws DaemonException {
    try (RegistryLogin login = RegistryLogin.of(Reference.parse(name), environment)) {
      List<String> words = new ArrayList<>(List.of("images", "pull"));
      words.addAll(login.arguments());
      words.add(name);
      new Ctr(socket(), NAMESPACE).run(words, deadline);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          "image " + name,
          "a password that was handed to ctr cannot be removed: " + e.getMessage(),
          "remove the folders duende-registry-… among the temporary files",
          e);
    }
  }

  private static DaemonException missing(String name, String problem) {
    return new DaemonException(
        ErrorCode.NOT_FOUND,
        "image " + name,
        problem,
        "load it with \"ctr -n "
            + NAMESPACE
            + " images import FILE\", or write pull = \"missing\"");
  }

  /** The digest and media type of what an image's name stands for. */
  private Optional<ProtoMessage> target(String name, Deadline deadline) throws DaemonException {
    try {
      return Optional.of(
          grpc.call(IMAGES + "Get", new ProtoWriter().text(1, name), deadline)
              .message(1)
              .message(3));
    } catch (Grpc.Refused e) {
      if (e.status() == Grpc.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private ImageConfig config(String name, Deadline deadline) throws DaemonException {
    ProtoMessage target = target(name, deadline).orElseThrow(() -> missing(name, "is not there"));
    String digest = target.text(2);
    Json manifest = content(digest, deadline);
    if (!manifest.at("manifests").items().isEmpty()) {
      manifest = content(ours(name, manifest), deadline);
    }
    return ImageConfig.of(digest, content(manifest.at("config", "digest").text(), deadline));
  }

  /** The manifest for this machine's processor. */
  private static String ours(String name, Json index) throws DaemonException {
    String architecture = System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";
    for (Json one : index.at("manifests").items()) {
      String its = one.at("platform", "architecture").text();
      if (its.isEmpty() || its.equals(architecture)) {
        return one.at("digest").text();
      }
    }
    throw new DaemonException(
        ErrorCode.NOT_FOUND,
        "image " + name,
        "is not made for " + architecture,
        "take one that is");
  }

  private Json content(String digest, Deadline deadline) throws DaemonException {
    StringBuilder text = new StringBuilder();
    for (byte[] piece :
        grpc.callAll(CONTENT + "Read", new ProtoWriter().text(1, digest), deadline)) {
      text.append(new String(ProtoMessage.read(piece).bytes(2), StandardCharsets.UTF_8));
    }
    return Json.object(text.toString(), "containerd");
  }

  @Override
  public void importImage(
      String reference, ImageRecipe recipe, InputStream layer, Deadline deadline)
      throws DaemonException {
    String name = Reference.parse(reference).normalized();
    try (OciLayout layout = OciLayout.write(name, recipe, layer, deadline)) {
      new Ctr(socket(), NAMESPACE)
          .run(List.of("images", "import", layout.archive().toString()), deadline);
    }
  }

  @Override
  public String create(ContainerPlan plan, Deadline deadline) throws DaemonException {
    String id = Identifier.of(plan.name());
    ImageConfig image = config(Reference.parse(plan.image()).normalized(), deadline);
    String user = plan.user().isEmpty() ? image.user() : plan.user();
    UserNumbers numbers =
        user.isEmpty() || user.equals("0") || user.equals("root")
            ? new UserNumbers(0, 0)
            : withLayers(image, deadline, layers -> UserNumbers.of(user, layers));
    Map<String, String> labels = new LinkedHashMap<>(plan.labels());
    labels.put(LOG, plan.logFile());
    beginning.add(id);
    boolean made = false;
    try {
      // Claimed by its name first: whose it is decides who may remove what.
      ProtoWriter container =
          new ProtoWriter()
              .text(1, id)
              .texts(2, labels)
              .text(3, Reference.parse(plan.image()).normalized())
              .message(4, new ProtoWriter().text(1, RUNTIME))
              .any(5, SPEC, OciSpec.of(plan, image, numbers))
              .text(6, SNAPSHOTTER)
              .text(7, id);
      var _ = grpc.call(CONTAINERS + "Create", new ProtoWriter().message(1, container), deadline);
      made = true;
      snapshot(id, image, deadline);
      return id;
    } catch (DaemonException e) {
      beginning.remove(id);
      if (made) {
        remove(id, Deadline.after(CLEAN_UP));
      }
      throw e;
    }
  }

  private void snapshot(String id, ImageConfig image, Deadline deadline) throws DaemonException {
    ProtoWriter request = new ProtoWriter().text(1, SNAPSHOTTER).text(2, id).text(3, image.chain());
    try {
      var _ = grpc.call(SNAPSHOTS + "Prepare", request, deadline);
    } catch (Grpc.Refused e) {
      if (e.status() != Grpc.ALREADY_EXISTS) {
        throw e;
      }
      // Left by a container of that name that is gone.
      removeSnapshot(id, deadline);
      var _ = grpc.call(SNAPSHOTS + "Prepare", request, deadline);
    }
  }

  private void removeSnapshot(String key, Deadline deadline) throws DaemonException {
    ignoringMissing(
        SNAPSHOTS + "Remove", new ProtoWriter().text(1, SNAPSHOTTER).text(2, key), deadline);
  }

  private void ignoringMissing(String method, ProtoWriter request, Deadline deadline)
      throws DaemonException {
    try {
      var _ = grpc.call(method, request, deadline);
    } catch (Grpc.Refused e) {
      if (e.status() != Grpc.NOT_FOUND) {
        throw e;
      }
    }
  }

  /** Something that looks into an image's files. */
  private interface Looking<R> {
    R at(List<Path> layers) throws DaemonException;
  }

  private <R> R withLayers(ImageConfig image, Deadline deadline, Looking<R> looking)
      throws DaemonException {
    String key = "duende-look-" + UUID.randomUUID();
    ProtoMessage view =
        grpc.call(
            SNAPSHOTS + "View",
            new ProtoWriter().text(1, SNAPSHOTTER).text(2, key).text(3, image.chain()),
            deadline);
    try {
      List<Path> layers = new ArrayList<>();
      for (ProtoMessage mount : view.messages(1)) {
        if (mount.text(1).equals("bind")) {
          layers.add(Path.of(mount.text(2)));
        }
        for (String option : mount.texts(4)) {
          if (option.startsWith("lowerdir=")) {
            for (String lower : option.substring(9).split(":", -1)) {
              layers.add(Path.of(lower));
            }
          }
        }
      }
      return looking.at(layers);
    } finally {
      removeSnapshot(key, Deadline.after(CLEAN_UP));
    }
  }

  @Override
  public void start(String id, Deadline deadline) throws DaemonException {
    try {
      ProtoMessage container = container(id, deadline).orElseThrow(() -> gone(id));
      ProtoMessage mounts =
          grpc.call(
              SNAPSHOTS + "Mounts", new ProtoWriter().text(1, SNAPSHOTTER).text(2, id), deadline);
      String log = "file://" + container.map(2).getOrDefault(LOG, "/dev/null");
      ProtoWriter task = new ProtoWriter().text(1, id).text(5, log).text(6, log);
      for (ProtoMessage m : mounts.messages(1)) {
        ProtoWriter mount = new ProtoWriter().text(1, m.text(1)).text(2, m.text(2));
        for (String option : m.texts(4)) {
          var _ = mount.text(4, option);
        }
        var _ = task.message(3, mount);
      }
      createTask(task, deadline);
      var _ = grpc.call(TASKS + "Start", new ProtoWriter().text(1, id), deadline);
    } catch (Grpc.Refused e) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          "container",
          "cannot be started: " + e.problem(),
          "see that the program, and what its mounts name, is there",
          e);
    } finally {
      beginning.remove(id);
    }
  }

  private void createTask(ProtoWriter task, Deadline deadline) throws DaemonException {
    Deadline patience = deadline.orAfter(LEFT_OVER);
    while (true) {
      try {
        var _ = grpc.call(TASKS + "Create", task, deadline);
        return;
      } catch (Grpc.Refused e) {
        if (!isAboutLeftOver(e) || patience.hasPassed()) {
          throw e;
        }
        pauseShortly();
      }
    }
  }

  /**
   * Whether what was broken off, by the end of who had asked for it, is in the way: containerd clears that away when it comes
   * to it, and with it takes the folder of who comes next under that name.
   */
  private static boolean isAboutLeftOver(Grpc.Refused e) {
    return e.status() == Grpc.ALREADY_EXISTS
        || (e.problem().contains("start shim")
            && (e.problem().contains("file exists") || e.problem().contains("no such file")));
  }

  private static DaemonException gone(String id) {
    return new DaemonException(
        ErrorCode.NOT_FOUND, "container " + id, "has been removed", "start the daemon");
  }

  private Optional<ProtoMessage> container(String id, Deadline deadline) throws DaemonException {
    try {
      return Optional.of(
          grpc.call(CONTAINERS + "Get", new ProtoWriter().text(1, id), deadline).message(1));
    } catch (Grpc.Refused e) {
      if (e.status() == Grpc.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private Optional<ProtoMessage> task(String id, Deadline deadline) throws DaemonException {
    try {
      return Optional.of(
          grpc.call(TASKS + "Get", new ProtoWriter().text(1, id), deadline).message(1));
    } catch (Grpc.Refused e) {
      if (e.status() == Grpc.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public Optional<ContainerState> inspect(String idOrName, Deadline deadline)
      throws DaemonException {
    Optional<ProtoMessage> container = container(Identifier.of(idOrName), deadline);
    return container.isEmpty() ? Optional.empty() : Optional.of(state(container.get(), deadline));
  }

  private ContainerState state(ProtoMessage container, Deadline deadline) throws DaemonException {
    String id = container.text(1);
    Optional<ProtoMessage> task = task(id, deadline);
    int status = task.map(t -> (int) t.number(4)).orElse(0);
    ContainerState.Phase phase =
        switch (status) {
          case CREATED -> ContainerState.Phase.CREATED;
          case RUNNING, PAUSING -> ContainerState.Phase.RUNNING;
          case PAUSED -> ContainerState.Phase.PAUSED;
          case STOPPED -> ContainerState.Phase.ENDED;
          // Without a task it is to get one, or has lost it.
          default ->
              beginning.contains(id) ? ContainerState.Phase.CREATED : ContainerState.Phase.ENDED;
        };
    long pid = status == RUNNING || status == PAUSED ? task.orElseThrow().number(3) : 0;
    int exit = task.isPresent() ? (int) task.get().number(9) : ContainerState.EXIT_UNKNOWN;
    ProtoMessage created = container.message(8);
    Map<String, String> details = new LinkedHashMap<>();
    details.put("image", container.text(3));
    details.put("namespace", NAMESPACE);
    return new ContainerState(
        id,
        id,
        container.map(2),
        phase,
        pid,
        exit,
        false,
        created.number(1) + "." + created.number(2),
        0,
        "",
        details);
  }

  @Override
  public List<ContainerState> list(String label, String value, Deadline deadline)
      throws DaemonException {
    String filter = "labels.\"" + label + "\"==\"" + value + "\"";
    List<ContainerState> found = new ArrayList<>();
    for (ProtoMessage container :
        grpc.call(CONTAINERS + "List", new ProtoWriter().text(1, filter), deadline).messages(1)) {
      found.add(state(container, deadline));
    }
    return found;
  }

  @Override
  public boolean hasDirectory(ContainerPlan plan, String path, Deadline deadline)
      throws DaemonException {
    ImageConfig image = config(Reference.parse(plan.image()).normalized(), deadline);
    return withLayers(
        image, deadline, layers -> layers.stream().anyMatch(layer -> leads(layer, path)));
  }

  /** Whether a path is there in a folder of files; a link on the way is for the runtime to follow. */
  private static boolean leads(Path layer, String path) {
    Path here = layer;
    for (Path part : Path.of(path)) {
      here = here.resolve(part.toString());
      if (Files.isSymbolicLink(here)) {
        return true;
      }
      if (!Files.isDirectory(here, LinkOption.NOFOLLOW_LINKS)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean signal(String id, int signal, Deadline deadline) throws DaemonException {
    try {
      var _ = grpc.call(TASKS + "Kill", new ProtoWriter().text(1, id).number(3, signal), deadline);
      return true;
    } catch (Grpc.Refused e) {
      if (e.status() == Grpc.NOT_FOUND || e.status() == Grpc.FAILED_PRECONDITION) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public void kill(String id, Deadline deadline) throws DaemonException {
    Optional<ProtoMessage> task = task(id, deadline);
    if (task.isEmpty() || task.get().number(4) == STOPPED) {
      return;
    }
    boolean reached = signal(id, SIGKILL, deadline);
    if (reached && task.get().number(4) == PAUSED) {
      resumeKilled(id, deadline);
    }
  }

  /** What is paused does not die by itself; where the runtime has resumed it already, there is nothing to resume. */
  private void resumeKilled(String id, Deadline deadline) throws DaemonException {
    try {
      resume(id, deadline);
    } catch (Grpc.Refused e) {
      if (!e.problem().contains("not paused")) {
        throw e;
      }
    }
  }

  @Override
  public void pause(String id, Deadline deadline) throws DaemonException {
    change("Pause", id, PAUSED, deadline);
  }

  @Override
  public void resume(String id, Deadline deadline) throws DaemonException {
    change("Resume", id, RUNNING, deadline);
  }

  private void change(String method, String id, int wanted, Deadline deadline)
      throws DaemonException {
    try {
      var _ = grpc.call(TASKS + method, new ProtoWriter().text(1, id), deadline);
    } catch (Grpc.Refused e) {
      long now = task(id, deadline).map(t -> t.number(4)).orElse((long) STOPPED);
      boolean ended = wanted == RUNNING && now == STOPPED;
      if (now != wanted && !ended) {
        throw e;
      }
    }
  }

  @Override
  public void remove(String id, Deadline deadline) throws DaemonException {
    try {
      deleteTask(id, deadline.orAfter(LEFT_OVER));
    } catch (DaemonException e) {
      boolean stuck = e instanceof Grpc.Refused || e.code().equals(ErrorCode.TIMEOUT);
      if (!stuck || deadline.hasPassed()) {
        throw e;
      }
      if (!runs(id, deadline) && new Shim(linux, NAMESPACE, socket(), id).kill()) {
        LOGGER.log(
            System.Logger.Level.WARNING,
            "{0}: its shim did nothing any more and was killed: {1}",
            id,
            e.getMessage());
      }
      deleteTask(id, deadline);
    }
    ignoringMissing(CONTAINERS + "Delete", new ProtoWriter().text(1, id), deadline);
    removeSnapshot(id, deadline);
  }

  private void deleteTask(String id, Deadline deadline) throws DaemonException {
    while (true) {
      try {
        ignoringMissing(TASKS + "Delete", new ProtoWriter().text(1, id), deadline);
        return;
      } catch (Grpc.Refused e) {
        // It was killed, and is not gone yet.
        if (deadline.hasPassed()) {
          throw e;
        }
        pauseShortly();
      }
    }
  }

  /** Whether its task is known to run; one that cannot be asked for is not. */
  private boolean runs(String id, Deadline deadline) throws DaemonException {
    try {
      long status = task(id, deadline.orAfter(CLEAN_UP)).map(t -> t.number(4)).orElse(0L);
      return status == RUNNING || status == PAUSED;
    } catch (Grpc.Refused e) {
      return false;
    } catch (DaemonException e) {
      if (e.code().equals(ErrorCode.TIMEOUT)) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public void discard(String id, Deadline deadline) throws DaemonException {
    Shim shim = new Shim(linux, NAMESPACE, socket(), id);
    try {
      kill(id, deadline.orAfter(LEFT_OVER));
    } catch (Grpc.Refused e) {
      LOGGER.log(System.Logger.Level.DEBUG, "{0} cannot be killed: {1}", id, e.getMessage());
    } catch (DaemonException e) {
      boolean mayHelp = !deadline.hasPassed() && e.code().equals(ErrorCode.TIMEOUT) && shim.kill();
      if (!mayHelp) {
        throw e;
      }
    }
    remove(id, deadline);
    // One of a start that was broken off may be there when containerd knows nothing of it any more,
    // and would be taken for the shim of the next container of that name, whatever its state.
    boolean _ = shim.kill();
  }

  private static void pauseShortly() throws DaemonException {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, "container", "waiting for containerd was interrupted", "ask again", e);
    }
  }

  @Override
  public void update(String id, Resources resources, Deadline deadline) throws DaemonException {
    Map<String, Object> limits =
        new LinkedHashMap<>(
            OciSpec.resources(
                new ContainerPlan.Limits(
                    resources.memory(),
                    resources.memorySwap(),
                    resources.cpuQuota(),
                    resources.cpuShares(),
                    resources.pids(),
                    0,
                    false)));
    limits.remove("devices");
    var _ =
        grpc.call(
            TASKS + "Update",
            new ProtoWriter()
                .text(1, id)
                .any(2, LIMITS, Json.write(limits).getBytes(StandardCharsets.UTF_8)),
            deadline);
  }

  @Override
  public UsageSample usage(String id, Deadline deadline) throws DaemonException {
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        "container " + id,
        "its control group cannot be seen from here, and containerd's own figures are not read",
        "run Duende where the engine runs");
  }

  @Override
  public ExecResult exec(String id, List<String> command, Deadline deadline)
      throws DaemonException {
    return new TaskExec(grpc, linux, id).run(command, spec(id, deadline), deadline);
  }

  private Json spec(String id, Deadline deadline) throws DaemonException {
    ProtoMessage container = container(id, deadline).orElseThrow(() -> gone(id));
    return Json.object(
        new String(container.message(5).bytes(2), StandardCharsets.UTF_8), "containerd");
  }

  @Override
  public LogSource logs(String id) throws DaemonException {
    ProtoMessage container = container(id, Deadline.after(CLEAN_UP)).orElseThrow(() -> gone(id));
    Path file = Path.of(container.map(2).getOrDefault(LOG, "/dev/null"));
    return query -> logs.get().read(file, AS_IT_IS, query);
  }

  @Override
  public boolean leavesLogs() {
    return true;
  }

  @Override
  public boolean checksHealth() {
    return true;
  }

  @Override
  public Optional<Boolean> checkHealth(String id, Deadline deadline) {
    return Optional.empty();
  }

  @Override
  public AutoCloseable watch(String instance, EngineListener listener) {
    TaskEvents events = new TaskEvents(grpc, NAMESPACE, listener, timer);
    events.open();
    return events;
  }

  @Override
  public void close() {
    // The transport is closed by who made it.
  }
}
