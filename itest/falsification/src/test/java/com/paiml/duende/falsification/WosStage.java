package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.Behaviour;
import java.nio.file.Path;
import java.util.List;

/** WebAssembly processes; counted and killed by the commands that the adapter's kernel has for people. */
final class WosStage implements Stage {
  private static final Path BEHAVE =
      Path.of("../../adapters/wos/src/test/resources/modules/behave.wasm")
          .toAbsolutePath()
          .normalize();

  private final Scene scene;
  private final WosCommands commands;

  WosStage(Scene scene) throws Exception {
    this.scene = scene;
    commands = new WosCommands(scene.container().context());
    scene.awaitAdapter("wos");
  }

  @Override
  public Scene scene() {
    return scene;
  }

  @Override
  public String platform() {
    return "wos";
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.MODULE;
  }

  @Override
  public DaemonConfig.Builder daemon(String name, Behaviour behaviour) {
    List<String> args =
        switch (behaviour) {
          case Behaviour.Sleeps b -> List.of("sleeps");
          case Behaviour.TakesToStop b -> List.of("takes", Long.toString(b.time().toMillis()));
          default -> throw new IllegalArgumentException(behaviour.toString());
        };
    return DaemonConfig.builder(name)
        .platform("wos")
        .what(new What.Module(BEHAVE.toString()))
        .args(args);
  }

  @Override
  public DaemonConfig.Builder reader(String name, Path directory) {
    return daemon(name, new Behaviour.Sleeps()).workingDir(directory.toString());
  }

  @Override
  public String crash(String name) throws Exception {
    commands.kill(commands.of(name).getFirst().pid());
    return "wos:kill -s KILL";
  }

  @Override
  public int alive(String name) throws Exception {
    return (int) commands.of(name).stream().filter(WosCommands.Entry::isAlive).count();
  }

  @Override
  public void close() throws Exception {
    scene.close();
  }
}
