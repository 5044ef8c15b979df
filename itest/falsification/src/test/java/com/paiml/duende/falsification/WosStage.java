package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.Behaviour;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** WebAssembly processes; counted and killed by the commands that the adapter's kernel has for people. */
final class WosStage implements Stage {
  private static final Path BEHAVE =
      Path.of("../../adapters/wos/src/test/resources/modules/behave.wasm")
          .toAbsolutePath()
          .normalize();

  private final Scene scene;

  WosStage(Scene scene) throws Exception {
    this.scene = scene;
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
    int pid = Integer.parseInt(rows(name).getFirst().strip().split("\\s+")[0]);
    Object kill = command("kill");
    kill.getClass().getMethod("kill", String.class, int.class).invoke(kill, "KILL", pid);
    return "wos:kill -s KILL";
  }

  @Override
  public int alive(String name) throws Exception {
    return (int) rows(name).stream().filter(r -> !r.strip().split("\\s+")[2].equals("Z")).count();
  }

  private List<String> rows(String name) throws Exception {
    Object ps = command("ps");
    String table = (String) ps.getClass().getMethod("ps").invoke(ps);
    // Its name there has the container's instance before it.
    Pattern row = Pattern.compile(".*[ -]" + Pattern.quote(name) + "( .*)?");
    return table.lines().filter(row.asMatchPredicate()).toList();
  }

  private Object command(String function) throws Exception {
    BundleContext context = scene.container().context();
    ServiceReference<?>[] found =
        context.getAllServiceReferences(
            null, "(&(osgi.command.scope=wos)(osgi.command.function=" + function + "))");
    if (found == null) {
      throw new AssertionError("there is no command wos:" + function);
    }
    return context.getService(found[0]);
  }

  @Override
  public void close() throws Exception {
    scene.close();
  }
}
