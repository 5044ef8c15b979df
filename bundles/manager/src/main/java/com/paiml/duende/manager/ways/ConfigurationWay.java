package com.paiml.duende.manager.ways;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.ConfigProperties;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonListener;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.Dictionary;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ManagedServiceFactory;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Configuration Admin's view of the daemons: each is a factory instance {@code com.paiml.duende.daemon~NAME}, however it was
 * deployed; one that somebody else creates, changes or deletes there is deployed, updated or removed.
 *
 * <p>What we write carries a digest of itself. An instance whose digest is right was written by us and says nothing new: so
 * nothing goes round in circles, and after a start the manager's own journal is what counts.
 */
@Component(
    service = {ManagedServiceFactory.class, ConfigurationWay.class},
    property = Constants.SERVICE_PID + "=" + ConfigurationWay.FACTORY,
    configurationPolicy = ConfigurationPolicy.IGNORE,
    immediate = true)
public final class ConfigurationWay implements ManagedServiceFactory {
  static final String FACTORY = "com.paiml.duende.daemon";
  static final String ORIGIN = "duende.origin";
  static final String DIGEST = "duende.digest";

  private static final Logger LOG = System.getLogger("duende.config");

  /** What the manager knows of a daemon. */
  private record Known(DaemonConfig config, String origin) {}

  private final ConfigurationAdmin admin;
  private final DaemonManager manager;
  private final FileConfigReader reader;
  private final FaultBoard board;
  private final DaemonManager.Subscription subscription;
  // What Configuration Admin has told and nobody has looked at yet; an empty map for a deletion.
  private final Map<String, Map<String, Object>> told = new ConcurrentHashMap<>();
  private final Worker worker = new Worker("duende-configurations", 1, this::lookAt);

  @Activate
  public ConfigurationWay(
      @Reference ConfigurationAdmin admin,
      @Reference DaemonManager manager,
      @Reference FileConfigReader reader,
      @Reference FaultBoard board) {
    this.admin = admin;
    this.manager = manager;
    this.reader = reader;
    this.board = board;
    DaemonListener listener = this::onEvent;
    this.subscription = manager.watch(listener);
    // Those that were deployed before we listened.
    manager.list().forEach(d -> worker.lookAtLater(baseOf(d.name())));
  }

  @Deactivate
  void close() {
    subscription.close();
    worker.close();
  }

  private void onEvent(DaemonEvent event) {
    switch (event) {
      case DaemonEvent.Deployed d -> worker.lookAtLater(baseOf(d.source().name()));
      case DaemonEvent.Removed r -> worker.lookAt(baseOf(r.source().name()));
      case DaemonEvent.Missed m ->
          manager.list().forEach(d -> worker.lookAtLater(baseOf(d.name())));
      default -> {}
    }
  }

  /** The configured name of an instance {@code NAME.2}. */
  private static String baseOf(String name) {
    int dot = name.indexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }

  @Override
  public String getName() {
    return "daemons";
  }

  @Override
  public void updated(String pid, Dictionary<String, ?> properties) {
    Map<String, Object> map = new TreeMap<>();
    for (String key : Collections.list(properties.keys())) {
      map.put(key, properties.get(key));
    }
    told.put(nameOf(pid), map);
    worker.lookAt(nameOf(pid));
  }

  @Override
  public void deleted(String pid) {
    told.put(nameOf(pid), Map.of());
    worker.lookAt(nameOf(pid));
  }

  /** Instances that were not created by name have a generated one, after a dot. */
  private static String nameOf(String pid) {
    String rest = pid.startsWith(FACTORY) ? pid.substring(FACTORY.length()) : pid;
    return rest.isEmpty() ? rest : rest.substring(1);
  }

  private void lookAt(String name) {
    Map<String, Object> news = told.remove(name);
    String origin = "configuration " + FACTORY + "~" + name;
    try {
      if (news != null && news.isEmpty()) {
        board.forget(origin);
        deleted(name, origin);
      } else if (news != null && !digest(news).equals(news.get(DIGEST))) {
        written(name, news, origin);
      } else if (news != null) {
        // Ours. What the manager knows is told for each daemon once after the start, and again when
        // it changes.
        if (manager.find(name).or(() -> manager.find(name + ".1")).isEmpty()) {
          // Of a daemon that is no more: of another container's life.
          stale(name);
        }
        return;
      }
      mirror(name);
    } catch (DaemonException e) {
      board.put(origin, e);
    } catch (IllegalStateException e) {
      LOG.log(Level.DEBUG, () -> origin + " was deleted meanwhile: we are told of that next", e);
    } catch (IOException e) {
      LOG.log(Level.WARNING, () -> origin + " cannot be written", e);
    }
  }

  /** Somebody else wrote it. */
  private void written(String name, Map<String, Object> map, String origin) throws DaemonException {
    Map<String, Object> keys = new TreeMap<>(map);
    keys.remove(ConfigProperties.WRITTEN);
    keys.putIfAbsent("name", name);
    DaemonConfig config = reader.read(keys, origin);
    if (!config.name().equals(name)) {
      throw new ConfigException(
          List.of(
              new ConfigFault(
                  origin,
                  0,
                  0,
                  "name",
                  "\"" + config.name() + "\" is not the instance's own name",
                  "create the instance " + FACTORY + "~" + config.name())));
    }
    Optional<Known> known = known(name);
    if (known.isEmpty() || !known.get().config().equals(config)) {
      var _ = manager.deploy(config, DeployOptions.DEFAULT.withOrigin(origin), Duration.ZERO);
    }
    board.clear(origin);
  }

  /** It is gone from Configuration Admin: by us when the daemon is gone already, otherwise by somebody else. */
  private void deleted(String name, String origin) throws DaemonException {
    if (known(name).isPresent()) {
      LOG.log(Level.INFO, () -> name + " is removed: " + origin + " is gone");
      manager.remove(name, true, Duration.ZERO);
    }
  }

  private void stale(String name) throws IOException {
    Configuration configuration = find(name);
    if (configuration != null) {
      configuration.delete();
    }
  }

  /** It may be removed between any two questions: then nothing of it is known. */
  private Optional<Known> known(String name) throws DaemonException {
    try {
      Optional<DaemonInfo> info = manager.find(name).or(() -> manager.find(name + ".1"));
      return info.isEmpty()
          ? Optional.empty()
          : Optional.of(new Known(manager.config(name), manager.origin(name)));
    } catch (DaemonException e) {
      if (e.code().equals(ErrorCode.NOT_FOUND)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Makes Configuration Admin say what the manager knows. */
  private void mirror(String name) throws DaemonException, IOException {
    Optional<Known> known = known(name);
    if (known.isEmpty()) {
      Configuration configuration = find(name);
      // What somebody wrote and could not be deployed stays, for them to mend.
      if (configuration != null && isOurs(configuration)) {
        configuration.delete();
      }
      return;
    }
    Map<String, Object> map = new TreeMap<>(ConfigProperties.toMap(known.get().config()));
    map.put(ORIGIN, known.get().origin());
    map.put(DIGEST, digest(map));
    Configuration configuration = admin.getFactoryConfiguration(FACTORY, name, "?");
    var _ = configuration.updateIfDifferent(FrameworkUtil.asDictionary(map));
  }

  private static boolean isOurs(Configuration configuration) {
    Dictionary<String, Object> properties = configuration.getProperties();
    if (properties == null) {
      return true;
    }
    Map<String, Object> map = new TreeMap<>();
    for (String key : Collections.list(properties.keys())) {
      map.put(key, properties.get(key));
    }
    return digest(map).equals(map.get(DIGEST));
  }

  private @Nullable Configuration find(String name) throws IOException {
    try {
      Configuration[] found =
          admin.listConfigurations(
              "(" + Constants.SERVICE_PID + "=" + FACTORY + "~" + escape(name) + ")");
      return found == null ? null : found[0];
    } catch (org.osgi.framework.InvalidSyntaxException e) {
      throw new IOException("no filter for " + name, e);
    }
  }

  private static String escape(String name) {
    return name.replaceAll("([\\\\*()])", "\\\\$1");
  }

  /** Of everything but itself and what Configuration Admin adds. */
  static String digest(Map<String, Object> map) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      new TreeMap<>(map)
          .forEach(
              (key, value) -> {
                if (!key.equals(DIGEST) && !key.startsWith("service.")) {
                  String text =
                      value instanceof Object[] a ? Arrays.toString(a) : String.valueOf(value);
                  sha.update((key + "=" + text + "\n").getBytes(StandardCharsets.UTF_8));
                }
              });
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}
