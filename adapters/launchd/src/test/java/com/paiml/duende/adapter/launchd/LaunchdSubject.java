package com.paiml.duende.adapter.launchd;

import com.paiml.duende.lab.launchd.RecordedLaunchd;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import com.paiml.duende.testkit.conformance.Subject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Programs under the recorded launchd. */
final class LaunchdSubject implements Subject {
  private final RecordedLaunchd launchd;
  private final ShellJobs jobs;

  LaunchdSubject(RecordedLaunchd launchd, Path scratch) {
    this.launchd = launchd;
    this.jobs =
        new ShellJobs(
            command ->
                new Job(
                    new Payload.Program(command.getFirst()), command.subList(1, command.size())),
            Optional.empty(),
            scratch);
  }

  @Override
  public String platform() {
    return LaunchdAdapter.NAME;
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.PROGRAM;
  }

  @Override
  public PlatformAdapter open(Instance instance) {
    return new LaunchdAdapter(launchd.launchctl().toString());
  }

  @Override
  public void close(PlatformAdapter adapter) {
    ((LaunchdAdapter) adapter).deactivate();
  }

  @Override
  public Optional<Job> job(Behaviour behaviour) throws Exception {
    return jobs.job(behaviour);
  }

  @Override
  public Set<String> platformVariables() {
    return Set.of("DUENDE_LAUNCHD_RUN", "XPC_SERVICE_NAME", "XPC_FLAGS");
  }

  @Override
  public List<String> leftovers(LaunchSpec spec) throws Exception {
    List<String> left = new ArrayList<>(Subject.super.leftovers(spec));
    String label = LaunchdAdapter.label(spec.instance(), spec.name());
    ctl("list").lines().filter(l -> l.endsWith("\t" + label)).forEach(left::add);
    return left;
  }

  /** A job of that label that somebody else has loaded. */
  @Override
  public Optional<Foreign> foreign(LaunchSpec spec) throws Exception {
    String label = LaunchdAdapter.label(spec.instance(), spec.name());
    Path file = Files.createTempDirectory("foreign").resolve("theirs.plist");
    Files.writeString(
        file,
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <plist version="1.0"><dict>
          <key>Label</key><string>%s</string>
          <key>ProgramArguments</key><array><string>/bin/sleep</string><string>3600</string></array>
          <key>RunAtLoad</key><true/>
        </dict></plist>
        """
            .formatted(label));
    String domain = "gui/" + ownUid();
    ctl("bootstrap", domain, file.toString());
    String target = domain + "/" + label;
    String before = pid(target);
    return Optional.of(
        new Foreign() {
          @Override
          public boolean isUntouched() throws Exception {
            return !before.isEmpty() && pid(target).equals(before);
          }

          @Override
          public void close() throws Exception {
            ctl("kill", "SIGKILL", target);
            ctl("bootout", target);
            Files.deleteIfExists(file);
            Files.deleteIfExists(file.getParent());
          }
        });
  }

  private String pid(String target) throws Exception {
    return ctl("print", target)
        .lines()
        .filter(l -> l.startsWith("\tpid = "))
        .findFirst()
        .orElse("");
  }

  static int ownUid() throws Exception {
    return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }

  String ctl(String... words) throws Exception {
    List<String> line = new ArrayList<>(List.of(launchd.launchctl().toString()));
    line.addAll(List.of(words));
    Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }
}
