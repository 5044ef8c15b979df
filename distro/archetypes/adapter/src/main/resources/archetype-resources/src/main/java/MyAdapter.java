package ${package};

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * A platform to begin with: programs as processes of this machine. It declares what it can do and no more; declare more as you
 * build it, and the conformance kit tests it. Its programs do not outlive it (no RECOVER).
 */
@Component(property = PlatformAdapter.PLATFORM + "=" + MyAdapter.NAME)
public final class MyAdapter implements PlatformAdapter {
  static final String NAME = "mine";

  private static final Duration TO_DIE = Duration.ofSeconds(20);

  private final Map<DaemonHandle, MyRun> runs = new ConcurrentHashMap<>();
  private volatile boolean gone;

  @Activate
  public MyAdapter() {}

  @Deactivate
  public void leave() {
    gone = true;
    runs.values().forEach(MyRun::abandon);
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    if (!Files.isDirectory(Path.of("/proc/self"))) {
      return Fingerprint.absent("there is no /proc: run this on Linux");
    }
    return new Fingerprint(
        true,
        "1",
        false,
        "",
        Map.of(
            Payload.Kind.PROGRAM,
            Set.of(Capability.KILL, Capability.LOGS, Capability.WORKING_DIR)),
        Map.of(),
        Map.of());
  }

  @Override
  public TableSchema schema() {
    return new TableSchema(NAME, List.of());
  }

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    here(spec.name());
    if (!(spec.payload() instanceof Payload.Program(String program))) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED, spec.name(), "is no program", "write binary_path");
    }
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(spec.args());
    String directory = spec.config().workingDir();
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.isEmpty() ? spec.stateDirectory().toFile() : new File(directory))
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(spec.logFile().toFile()));
    builder.environment().clear();
    for (String variable : spec.env()) {
      int equals = variable.indexOf('=');
      builder.environment().put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    String mark = spec.instance().id() + "/" + spec.name() + "/" + spec.generation();
    builder.environment().put(MyRun.MARK, mark);
    try {
      Process process = builder.start();
      Map<String, String> data = new HashMap<>();
      data.put(DaemonHandle.PID, Long.toString(process.pid()));
      data.put("mark", mark);
      DaemonHandle handle =
          new DaemonHandle(NAME, spec.name(), spec.id(), spec.generation(), data);
      runs.put(handle, new MyRun(process, mark, spec.logFile()));
      return handle;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "cannot be started: " + e.getMessage(),
          "see that the program and its directory are there",
          e);
    }
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    here(handle.name());
    return new Recovery.Lost("this platform keeps nothing");
  }

  @Override
  public void recoveryComplete(
      Instance instance, Collection<DaemonHandle> kept, Deadline deadline) throws DaemonException {
    here(NAME);
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline)
      throws DaemonException {
    throw unsupported(handle, "signals");
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    MyRun run = known(handle);
    return new PlatformStatus(
        run.exit().isDone() ? PlatformStatus.State.ENDED : PlatformStatus.State.RUNNING,
        OptionalLong.of(run.pid()),
        "",
        List.of(),
        Map.of());
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    here(handle.name());
    MyRun run = runs.get(handle);
    if (run == null || run.exit().isDone()) {
      return;
    }
    run.send(stopSignal);
    if (!await(handle, run, timeout)) {
      kill(handle, Deadline.after(TO_DIE));
    }
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    MyRun run = runs.get(handle);
    if (run == null || run.exit().isDone()) {
      return;
    }
    run.killTree();
    if (!await(handle, run, TO_DIE)) {
      throw new DaemonException(ErrorCode.TIMEOUT, handle.name(), "does not end", "");
    }
  }

  private static boolean await(DaemonHandle handle, MyRun run, Duration time)
      throws DaemonException {
    try {
      run.exit().get(time.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new AdapterGone(NAME, handle.name());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(ErrorCode.TIMEOUT, handle.name(), "was interrupted", "", e);
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    throw unsupported(handle, "pausing");
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    throw unsupported(handle, "pausing");
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    MyRun run = runs.get(handle);
    return run != null
        ? run.exit()
        : CompletableFuture.completedFuture(new ExitReason.Lost("it is not known here"));
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    throw unsupported(handle, "figures");
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    Path file = known(handle).log();
    return query -> new MyLog(file, query);
  }

  @Override
  public List<LimitReport> updateLimits(
      DaemonHandle handle, Resources resources, Deadline deadline) throws DaemonException {
    throw unsupported(handle, "limits");
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    kill(handle, deadline);
    runs.remove(handle);
  }

  private void here(String thing) throws AdapterGone {
    if (gone) {
      throw new AdapterGone(NAME, thing);
    }
  }

  private MyRun known(DaemonHandle handle) throws DaemonException {
    here(handle.name());
    MyRun run = runs.get(handle);
    if (run == null) {
      throw new DaemonException(ErrorCode.NOT_FOUND, handle.name(), "has no such run", "");
    }
    return run;
  }

  private DaemonException unsupported(DaemonHandle handle, String what) {
    return gone
        ? new AdapterGone(NAME, handle.name())
        : new DaemonException(
            ErrorCode.NOT_SUPPORTED,
            handle.name(),
            "platform \"" + NAME + "\" does not offer " + what,
            "build it, then declare it");
  }
}
