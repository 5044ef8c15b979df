package com.paiml.duende.adapter.systemd;

import com.paiml.duende.adapter.systemd.unit.UnitNames;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.systemd.Systemd;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import com.paiml.duende.testkit.conformance.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Programs as units of a systemd that the lab has booted. */
class SystemdSubject implements Subject {
  private final Systemd systemd;
  private final String scope;
  private final ShellJobs jobs;

  SystemdSubject(Systemd systemd, String scope) throws IOException {
    this.systemd = systemd;
    this.scope = scope;
    this.jobs =
        new ShellJobs(
            command ->
                new Job(
                    new Payload.Program(command.getFirst()), command.subList(1, command.size())),
            Optional.of("/usr/bin/perl").filter(p -> Files.isExecutable(Path.of(p))),
            systemd.shared());
  }

  @Override
  public String platform() {
    return SystemdAdapter.NAME;
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.PROGRAM;
  }

  @Override
  public PlatformAdapter open(Instance instance) throws Exception {
    boolean ofUser = scope.equals(SystemdTable.USER);
    return new SystemdAdapter(
        new Domains(ofUser ? "" : systemd.busAddress(), ofUser ? systemd.startUserManager() : ""));
  }

  @Override
  public void close(PlatformAdapter adapter) {
    ((SystemdAdapter) adapter).deactivate();
  }

  @Override
  public Optional<Job> job(Behaviour behaviour) throws Exception {
    return jobs.job(behaviour);
  }

  /** Below /var, which the systemd inside sees at the same place; short, for the sockets in it. */
  @Override
  public Path folder() throws IOException {
    return Files.createTempDirectory(systemd.shared(), "k");
  }

  @Override
  public java.time.Duration patience() {
    return java.time.Duration.ofSeconds(Integer.getInteger("patience", 60));
  }

  @Override
  public Map<String, Object> table() {
    return Map.of("scope", scope);
  }

  /** systemd.exec(5), "Environment Variables Set on Spawned Processes". */
  @Override
  public Set<String> platformVariables() {
    return Set.of(
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "SYSTEMD_EXEC_PID",
        "MANAGERPID",
        "LANG",
        "HOME",
        "LOGNAME",
        "USER",
        "SHELL",
        "XDG_RUNTIME_DIR");
  }

  @Override
  public List<String> leftovers(LaunchSpec spec) throws Exception {
    List<String> left = new ArrayList<>(Subject.super.leftovers(spec));
    String units =
        systemctl("list-units", "--all", "--plain", "--no-legend", UnitNames.unit(spec)).output();
    units.lines().filter(l -> !l.isBlank()).forEach(left::add);
    return left;
  }

  Command.Result systemctl(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("systemctl", "--no-pager"));
    if (scope.equals(SystemdTable.USER)) {
      all.add("--user");
    }
    all.addAll(List.of(words));
    return systemd.run(all.toArray(String[]::new));
  }

  @Override
  public Optional<Foreign> foreign(LaunchSpec spec) throws Exception {
    String unit = UnitNames.unit(spec);
    List<String> words = new ArrayList<>(List.of("systemd-run", "--quiet", "--unit=" + unit));
    if (scope.equals(SystemdTable.USER)) {
      words.add("--user");
    }
    words.addAll(List.of("sleep", "3600"));
    Command.Result made = systemd.run(words.toArray(String[]::new));
    if (!made.ok()) {
      throw new IOException(made.output());
    }
    String before = identity(unit);
    return Optional.of(
        new Foreign() {
          @Override
          public boolean isUntouched() throws Exception {
            return identity(unit).equals(before);
          }

          @Override
          public void close() throws Exception {
            systemctl("stop", unit);
          }
        });
  }

  private String identity(String unit) throws Exception {
    return systemctl("show", unit, "--property=MainPID,InvocationID,ActiveState").output();
  }
}
