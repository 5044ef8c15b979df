package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.manager.file.DaemonFileReader;
import com.paiml.duende.manager.file.LocalFiles;
import com.paiml.duende.manager.ways.sample.Idle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

class ServiceWayTest {
  @TempDir Path folder;
  private final PaperManager manager = new PaperManager();
  private final FaultBoard board = new FaultBoard();
  private InFelix felix;
  private DaemonServices services;
  private ServiceWay way;

  @BeforeEach
  void start() throws Exception {
    felix = new InFelix(folder);
    services = new DaemonServices(felix.context());
    way =
        new ServiceWay(
            manager.manager(),
            new FileConfigReader(new DaemonFileReader(new Anywhere(), new LocalFiles("/bin"))),
            board,
            services);
  }

  @AfterEach
  void stop() throws Exception {
    way.close();
    services.close();
    felix.close();
  }

  @Test
  void a_registered_daemon_is_deployed_with_the_keys_among_its_properties() throws Exception {
    register(
        Map.of("daemon.restart", "always", "daemon.health_check.interval", "5s", "other", "x"));
    Eventually.holds("deployed", () -> manager.entries.containsKey("idle"));
    DaemonConfig config = manager.entries.get("idle").config();
    assertEquals(new What.Service(Idle.class.getName()), config.what());
    assertEquals(RestartPolicy.ALWAYS, config.restart());
    assertEquals(Duration.ofSeconds(5), config.healthCheck().interval());
    DeployOptions options = manager.entries.get("idle").options();
    assertTrue(options.start() && options.transientDaemon());
    assertTrue(options.origin().contains("service " + Idle.class.getName()), options.origin());
  }

  @Test
  void a_property_names_it_and_a_change_of_properties_updates_it() throws Exception {
    ServiceRegistration<Daemon> registration = register(Map.of("daemon.name", "other"));
    Eventually.holds("deployed", () -> manager.entries.containsKey("other"));
    registration.setProperties(
        FrameworkUtil.asDictionary(Map.of("daemon.name", "other", "daemon.max_retries", 3)));
    Eventually.holds("updated", () -> manager.entries.get("other").config().maxRetries() == 3);
  }

  @Test
  void it_is_removed_when_it_is_unregistered() throws Exception {
    ServiceRegistration<Daemon> registration = register(Map.of());
    Eventually.holds("deployed", () -> manager.entries.containsKey("idle"));
    registration.unregister();
    Eventually.holds("removed", () -> manager.entries.isEmpty());
    assertEquals(List.of("deploy idle", "remove idle"), manager.taken());
  }

  @Test
  void it_waits_while_its_bundle_is_stopped_and_goes_when_that_is_uninstalled() throws Exception {
    Bundle bundle = felix.install("sample");
    bundle.start();
    ServiceRegistration<Daemon> registration =
        bundle.getBundleContext().registerService(Daemon.class, new Idle(), null);
    assertTrue(registration.getReference().getBundle().equals(bundle));
    Eventually.holds("deployed", () -> manager.entries.containsKey("idle"));
    bundle.stop();
    bundle.start();
    bundle.getBundleContext().registerService(Daemon.class, new Idle(), null);
    register(Map.of("daemon.name", "second"));
    Eventually.holds("deployed", () -> manager.entries.containsKey("second"));
    assertEquals(List.of("deploy idle", "deploy second"), manager.taken());
  }

  @Test
  void wrong_properties_and_a_taken_name_are_reported_and_deploy_nothing() throws Exception {
    ServiceRegistration<Daemon> registration = register(Map.of("daemon.restrat", "always"));
    Eventually.holds("reported", () -> !board.faults().isEmpty());
    assertEquals("restrat", board.faults().getFirst().key());
    registration.unregister();
    Eventually.holds("forgotten", () -> board.faults().isEmpty());
    manager.entries.put(
        "idle",
        new PaperManager.Entry(
            DaemonConfig.builder("idle").build(),
            DeployOptions.DEFAULT,
            com.paiml.duende.api.DaemonStatus.RUNNING));
    registration = register(Map.of());
    Eventually.holds("reported", () -> !board.faults().isEmpty());
    assertTrue(board.faults().getFirst().problem().contains("is deployed already, from call"));
    registration.unregister();
    register(Map.of("daemon.name", "last"));
    Eventually.holds("deployed", () -> manager.entries.containsKey("last"));
    assertTrue(manager.entries.containsKey("idle"));
  }

  private ServiceRegistration<Daemon> register(Map<String, Object> properties) {
    return felix
        .context()
        .registerService(Daemon.class, new Idle(), FrameworkUtil.asDictionary(properties));
  }
}
