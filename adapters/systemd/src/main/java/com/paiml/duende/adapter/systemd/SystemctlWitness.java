package com.paiml.duende.adapter.systemd;

import com.paiml.duende.adapter.systemd.kernel.Machine;
import com.paiml.duende.adapter.systemd.tool.Systemctl;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformWitness;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** systemctl(1), of the manager that daemons go to when their file says nothing. */
@Component(
    service = PlatformWitness.class,
    configurationPid = "com.paiml.duende.adapter.systemd",
    property = PlatformAdapter.PLATFORM + "=" + SystemdAdapter.NAME)
public final class SystemctlWitness implements PlatformWitness {
  private final List<String> systemctl;
  private final List<String> words;
  private final Map<String, String> environment;

  @Activate
  public SystemctlWitness(SystemdAdapter.Config config) {
    this(Domains.systemBus(config.systemBus()), config.userBus());
  }

  SystemctlWitness(String systemBus, String userBus) {
    boolean ofUser = Domains.isOfUserByDefault(systemBus);
    String given = ofUser ? userBus : systemBus;
    systemctl = ofUser ? List.of("systemctl", "--user") : List.of("systemctl");
    Machine machine = Machine.of(given);
    // Of another machine it is that machine's own systemctl, for this one looks at its own PID 1
    // first.
    words = new ArrayList<>();
    if (!machine.isHere()) {
      words.addAll(
          List.of("nsenter", "--target", machine.init(), "--mount", "--root", "--pid", "--"));
    }
    words.addAll(systemctl);
    environment =
        given.isEmpty() || !machine.isHere()
            ? Map.of()
            : Map.of(
                ofUser ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS",
                given,
                // Root's own way is the private socket of the systemd that runs this machine.
                "SYSTEMCTL_FORCE_BUS",
                "1");
  }

  @Override
  public String tool() {
    return String.join(" ", systemctl) + " list-units 'duende-*'";
  }

  @Override
  public Optional<String> see(String daemon, Deadline deadline) throws DaemonException {
    String unit = "-" + daemon + ".service";
    List<String> arguments =
        new ArrayList<>(
            List.of("list-units", "--all", "--plain", "--no-legend", "--no-pager", "duende-*"));
    return new Systemctl(words, environment)
        .run(daemon, deadline, arguments)
        .lines()
        .filter(line -> line.strip().split(" ", 2)[0].endsWith(unit))
        .map(line -> line.strip().replaceAll(" +", " "))
        .findFirst();
  }
}
