package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.TreeSet;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleException;

/**
 * Takes the adapter's bundle from under its daemons: stops it for the time of the experiment, or updates it. Stopped without
 * mark: a container that dies meanwhile comes back with it.
 */
final class AdapterFault implements Fault {
  @Override
  public String name() {
    return "adapter";
  }

  @Override
  public String needs() {
    return "how=stop (or update): the bundle of the targets' adapter goes and comes back; all"
        + " daemons of that platform must be among the targets";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException {
    scene.parameters().only("how");
    String how = scene.parameters().text("how").orElse("stop");
    if (!List.of("stop", "update").contains(how)) {
      throw scene.parameters().wrong("how", "\"" + how + "\" is not a way", "say stop or update");
    }
    DaemonInfo first =
        scene
            .manager()
            .find(scene.targets().getFirst())
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND, scene.targets().getFirst(), "is not deployed", ""));
    String platform = first.platform();
    TreeSet<String> others = new TreeSet<>();
    for (DaemonInfo d : scene.manager().list()) {
      if (d.platform().equals(platform)
          && d.status().isActive()
          && !Names.covers(scene.plan().targets(), d.name())) {
        others.add(d.name());
      }
    }
    if (!others.isEmpty()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "platform \"" + platform + "\"",
          "carries daemons that are not among the targets: " + String.join(", ", others),
          "name them too, or stop them");
    }
    Bundle bundle = scene.adapters().bundle(platform);
    try {
      if (how.equals("update")) {
        update(bundle);
        scene.note("bundle " + bundle.getSymbolicName() + " was updated");
        return Injection.DONE;
      }
      bundle.stop(Bundle.STOP_TRANSIENT);
      scene.note("bundle " + bundle.getSymbolicName() + " is stopped");
      return () -> start(bundle);
    } catch (BundleException | IOException e) {
      start(bundle);
      throw new DaemonException(
          ErrorCode.INTERNAL, bundle.getSymbolicName(), how + " failed: " + e.getMessage(), "", e);
    }
  }

  private static void update(Bundle bundle) throws BundleException, IOException {
    try (InputStream jar = URI.create(bundle.getLocation()).toURL().openStream()) {
      bundle.update(jar);
    }
  }

  private static void start(Bundle bundle) throws DaemonException {
    try {
      bundle.start(Bundle.START_TRANSIENT);
    } catch (BundleException e) {
      throw new DaemonException(
          ErrorCode.INTERNAL,
          bundle.getSymbolicName(),
          "does not start again: " + e.getMessage(),
          "start it by hand",
          e);
    }
  }
}
