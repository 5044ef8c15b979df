package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.manager.file.DaemonFileReader;
import com.paiml.duende.manager.file.LocalFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ManagedServiceFactory;

class ConfigurationWayTest {
  private static final DaemonConfig WEB =
      DaemonConfig.builder("web").what(new What.Program("/bin/sh")).instances(2).build();

  @TempDir Path folder;
  private final PaperManager paper = new PaperManager();
  private final FaultBoard board = new FaultBoard();
  private InFelix felix;
  private ConfigurationAdmin admin;
  private ConfigurationWay way;
  private ServiceRegistration<ManagedServiceFactory> registration;

  @BeforeEach
  void start() throws Exception {
    felix = new InFelix(folder);
    admin = felix.configurationAdmin();
    open();
  }

  private void open() {
    way =
        new ConfigurationWay(
            admin,
            paper.manager(),
            new FileConfigReader(new DaemonFileReader(new Anywhere(), new LocalFiles("/bin"))),
            board);
    registration =
        felix
            .context()
            .registerService(
                ManagedServiceFactory.class,
                way,
                FrameworkUtil.asDictionary(Map.of("service.pid", ConfigurationWay.FACTORY)));
  }

  private void shut() {
    registration.unregister();
    way.close();
  }

  @AfterEach
  void stop() throws Exception {
    shut();
    felix.close();
  }

  @Test
  void what_is_deployed_by_a_call_is_an_instance_and_goes_with_it() throws Exception {
    deploy(WEB);
    Eventually.holds("mirrored", () -> properties("web") != null);
    Dictionary<String, Object> p = properties("web");
    assertEquals("web", p.get("name"));
    assertEquals("/bin/sh", p.get("binary_path"));
    assertEquals(2L, p.get("instances"));
    assertEquals("call", p.get(ConfigurationWay.ORIGIN));
    deploy(WEB.toBuilder().instances(3).build());
    Eventually.holds("updated", () -> Long.valueOf(3).equals(properties("web").get("instances")));
    paper.manager().remove("web", true, Duration.ZERO);
    Eventually.holds("gone", () -> find("web") == null);
    assertEquals(List.of("deploy web", "deploy web", "remove web"), paper.taken());
  }

  @Test
  void one_that_is_removed_while_it_is_looked_at_is_no_fault() throws Exception {
    paper.vanishing = "web";
    deploy(WEB);
    Eventually.holds("removed", () -> paper.entries.isEmpty());
    // The next one is looked at by the same thread.
    deploy(DaemonConfig.builder("db").what(new What.Program("/bin/sh")).build());
    Eventually.holds("mirrored", () -> properties("db") != null);
    assertEquals(List.of(), board.faults());
    Eventually.holds("gone", () -> find("web") == null);
  }

  @Test
  void what_somebody_writes_there_is_deployed_and_what_they_delete_is_removed() throws Exception {
    Configuration c = admin.getFactoryConfiguration(ConfigurationWay.FACTORY, "db", "?");
    c.update(
        FrameworkUtil.asDictionary(
            Map.of(
                "binary_path", "/bin/sh", "args", List.of("-c", "x"), "shutdown_timeout", "5s")));
    Eventually.holds("deployed", () -> paper.entries.containsKey("db"));
    assertEquals(Duration.ofSeconds(5), paper.entries.get("db").config().shutdownTimeout());
    assertEquals(
        "configuration com.paiml.duende.daemon~db", paper.entries.get("db").options().origin());
    Eventually.holds("taken over", () -> properties("db").get(ConfigurationWay.DIGEST) != null);
    find("db").delete();
    Eventually.holds("removed", () -> paper.entries.isEmpty());
    assertEquals(List.of("deploy db", "remove db"), paper.taken());
  }

  @Test
  void what_somebody_changes_in_one_of_ours_is_deployed_once() throws Exception {
    deploy(WEB);
    Eventually.holds("mirrored", () -> properties("web") != null);
    Dictionary<String, Object> p = new Hashtable<>(Map.copyOf(map(properties("web"))));
    p.put("max_retries", 4L);
    find("web").update(p);
    Eventually.holds("deployed", () -> paper.entries.get("web").config().maxRetries() == 4);
    Eventually.holds(
        "mirrored",
        () ->
            ConfigurationWay.digest(map(properties("web")))
                .equals(properties("web").get(ConfigurationWay.DIGEST)));
    deploy(DaemonConfig.builder("last").what(new What.Program("/bin/sh")).build());
    Eventually.holds("mirrored", () -> properties("last") != null);
    assertEquals(List.of("deploy web", "deploy web", "deploy last"), paper.taken());
  }

  @Test
  void what_is_wrong_there_is_reported_and_stays_to_be_mended() throws Exception {
    Configuration c = admin.getFactoryConfiguration(ConfigurationWay.FACTORY, "db", "?");
    c.update(FrameworkUtil.asDictionary(Map.of("binary_path", "/bin/sh", "instances", "x")));
    Eventually.holds("reported", () -> !board.faults().isEmpty());
    assertEquals(
        "configuration com.paiml.duende.daemon~db: instances: is text, not a whole number; write"
            + " instances = 4",
        board.faults().getFirst().toString());
    c.update(FrameworkUtil.asDictionary(Map.of("binary_path", "/bin/sh", "instances", 5)));
    Eventually.holds("deployed", () -> paper.entries.containsKey("db"));
    Eventually.holds("mended", () -> board.faults().isEmpty());
    c = admin.getFactoryConfiguration(ConfigurationWay.FACTORY, "x", "?");
    c.update(FrameworkUtil.asDictionary(Map.of("name", "y", "binary_path", "/bin/sh")));
    Eventually.holds("reported", () -> !board.faults().isEmpty());
    assertTrue(board.faults().getFirst().problem().contains("is not the instance's own name"));
  }

  @Test
  void after_a_start_the_manager_is_believed_and_what_it_does_not_know_is_cleared_away()
      throws Exception {
    deploy(WEB);
    deploy(DaemonConfig.builder("passing").what(new What.Program("/bin/sh")).build());
    Eventually.holds("mirrored", () -> properties("web") != null && properties("passing") != null);
    shut();
    paper.entries.remove("passing");
    paper.taken();
    open();
    Eventually.holds("cleared", () -> find("passing") == null);
    Eventually.holds("kept", () -> properties("web") != null);
    assertEquals(List.of(), paper.taken());
  }

  private void deploy(DaemonConfig config) throws Exception {
    paper.manager().deploy(config, DeployOptions.DEFAULT, Duration.ZERO);
  }

  private Configuration find(String name) throws Exception {
    Configuration[] found =
        admin.listConfigurations("(service.pid=" + ConfigurationWay.FACTORY + "~" + name + ")");
    return found == null ? null : found[0];
  }

  private Dictionary<String, Object> properties(String name) throws Exception {
    Configuration found = find(name);
    return found == null ? null : found.getProperties();
  }

  private static Map<String, Object> map(Dictionary<String, Object> properties) {
    return FrameworkUtil.asMap(properties);
  }
}
