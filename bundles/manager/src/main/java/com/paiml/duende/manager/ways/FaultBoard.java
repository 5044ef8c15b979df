package com.paiml.duende.manager.ways;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.ConfigurationFaults;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/** What could not be taken, by origin, until it is mended: for {@code ps}, {@code doctor} and the log. */
@Component(
    service = {FaultBoard.class, ConfigurationFaults.class, Diagnostic.class},
    configurationPolicy = ConfigurationPolicy.IGNORE)
public final class FaultBoard implements ConfigurationFaults, Diagnostic {
  private static final Logger LOG = System.getLogger("duende.config");

  private final Map<String, List<ConfigFault>> faults = new TreeMap<>();

  @Activate
  public FaultBoard() {}

  @Override
  public synchronized List<ConfigFault> faults() {
    List<ConfigFault> all = new ArrayList<>();
    faults.values().forEach(all::addAll);
    return List.copyOf(all);
  }

  /** The origin is as it should be. */
  synchronized void clear(String origin) {
    if (faults.remove(origin) != null) {
      LOG.log(Level.INFO, () -> origin + " is as it should be now");
    }
  }

  /** The origin is gone. */
  synchronized void forget(String origin) {
    faults.remove(origin);
  }

  /** Something is wrong with the origin. Said once in the log for as long as it stays the same. */
  void put(String origin, DaemonException fault) {
    List<ConfigFault> list =
        fault instanceof ConfigException c
            ? c.faults()
            : List.of(
                new ConfigFault(
                    origin,
                    0,
                    0,
                    "",
                    (fault.thing().isEmpty() ? "" : fault.thing() + ": ") + fault.problem(),
                    fault.remedy()));
    synchronized (this) {
      if (list.equals(faults.put(origin, list))) {
        return;
      }
    }
    list.forEach(f -> LOG.log(Level.WARNING, f::toString));
  }

  @Override
  public List<Finding> examine(Deadline deadline) {
    List<ConfigFault> all = faults();
    if (all.isEmpty()) {
      return List.of(
          new Finding("configuration", Verdict.OK, "every daemon file can be taken", ""));
    }
    return all.stream()
        .map(
            f ->
                new Finding(
                    "configuration",
                    Verdict.BROKEN,
                    new ConfigFault(f.origin(), f.line(), f.column(), f.key(), f.problem(), "")
                        .toString(),
                    f.remedy()))
        .toList();
  }
}
