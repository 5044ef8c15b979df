package com.paiml.duende.adapter.wos.command;

import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.adapter.wos.fs.Preopens;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.Session;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import com.paiml.duende.adapter.wos.kernel.Tape;
import com.paiml.duende.adapter.wos.record.Player;
import com.paiml.duende.adapter.wos.record.Recorder;
import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code wos:spawn} and {@code wos:replay}. */
@Component(
    service = Spawn.class,
    property = {
      "osgi.command.scope=wos",
      "osgi.command.function=spawn",
      "osgi.command.function=replay"
    })
public final class Spawn {

  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration LOOK = Duration.ofMillis(200);
  private static final long LARGEST_RECORDING = 256L << 20;

  private final KernelService wos;

  @Activate
  public Spawn(@Reference KernelService service) {
    this.wos = service;
  }

  @Descriptor(
      "Runs a WebAssembly module as a process and shows what it prints, until it ends; it is"
          + " nobody's daemon.")
  public String spawn(
      CommandSession session,
      @Descriptor("one of the eight levels")
          @Parameter(
              names = {"-p", "--priority"},
              absentValue = "normal")
          String priority,
      @Descriptor("directories that it is given: HOST:GUEST[:ro], several separated by commas")
          @Parameter(
              names = {"-d", "--preopen"},
              absentValue = "")
          String preopen,
      @Descriptor("a file to record it into, for wos:replay")
          @Parameter(
              names = {"-r", "--record"},
              absentValue = "")
          String record,
      @Descriptor("seed of its random numbers, so that they are the same each time")
          @Parameter(
              names = {"-s", "--seed"},
              absentValue = "")
          String seed,
      @Descriptor("returns at once with its number; what it prints is dropped")
          @Parameter(
              names = {"-b", "--background"},
              presentValue = "true",
              absentValue = "false")
          boolean background,
      @Descriptor("the module, and its arguments") String... command)
      throws DaemonException, InterruptedException {
    if (command.length == 0) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION, "wos:spawn", "no module is named", "say wos:spawn FILE.wasm");
    }
    Image image = wos.kernel().images().get(Path.of(command[0]), PATIENCE);
    List<Preopen> directories = new ArrayList<>();
    for (String text : preopen.split(",")) {
      if (!text.isBlank()) {
        directories.add(Preopens.parse("wos:spawn", text.strip()));
      }
    }
    SessionSpec spec =
        SessionSpec.of("shell")
            .args(command)
            .preopens(directories)
            .priority(level(priority))
            .endsWithLeader(true);
    if (!seed.isEmpty()) {
      spec = spec.seed(number(seed));
    }
    if (!record.isEmpty()) {
      spec =
          spec.tape(
              Recorder.to(Path.of(record), image, List.of(command), List.of(), LARGEST_RECORDING));
    }
    if (background) {
      return Long.toString(wos.kernel().start(spec, image).id());
    }
    return run(session, spec, image);
  }

  static Priority level(String word) throws DaemonException {
    return Priority.parse(word)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.CONFIGURATION,
                    "\"" + word + "\"",
                    "is not a priority",
                    "say one of " + Priority.words() + ", or 0 to 7"));
  }

  private static long number(String seed) throws DaemonException {
    try {
      return Long.parseLong(seed);
    } catch (NumberFormatException e) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "wos:spawn --seed",
          "\"" + seed + "\" is not a whole number",
          "say --seed 42",
          e);
    }
  }

  @Descriptor("Plays a recording of wos:spawn --record: the module does exactly what it did then.")
  public String replay(
      CommandSession session,
      @Descriptor("the recording") String recording,
      @Descriptor("the module that was recorded") String module)
      throws DaemonException, InterruptedException {
    Image image = wos.kernel().images().get(Path.of(module), PATIENCE);
    Player player = Player.of(Path.of(recording));
    if (!player.digest().equals(image.digest())) {
      player.ended(new ExitStatus.Exited(0));
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          module,
          "is not the module that was recorded",
          "give the same file");
    }
    Tape tape = player;
    return run(
        session,
        SessionSpec.of("replay")
            .args(player.args().toArray(String[]::new))
            .tape(tape)
            .endsWithLeader(true),
        image);
  }

  private String run(CommandSession session, SessionSpec spec, Image image)
      throws DaemonException, InterruptedException {
    PrintStream out = session.getConsole();
    Session running =
        wos.kernel().start(spec.output((data, from, n) -> out.write(data, from, n)), image);
    try {
      while (true) {
        try {
          ExitStatus status = running.await(LOOK);
          out.flush();
          return running.id() + " " + status.describe();
        } catch (TimeoutException e) {
          out.flush();
        }
      }
    } finally {
      running.signalAll(Signal.KILL);
    }
  }
}
