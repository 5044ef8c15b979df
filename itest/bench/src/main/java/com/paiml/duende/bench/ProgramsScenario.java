package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.testkit.conformance.ProcCensus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A thousand programs: how long until they all run, and what the supervisor takes then. */
final class ProgramsScenario implements Scenario {
  private static final List<String> SLEEP = List.of("/bin/sleep", "86400");

  @Override
  public String name() {
    return "programs";
  }

  @Override
  public String description() {
    return "1000 programs: time until all run, memory of the supervisor, beside others";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    int count = setting.quick() ? 200 : 1000;
    List<Figure> figures = new ArrayList<>();
    for (Rival rival : Rival.all()) {
      if (rival.installed().isEmpty()) {
        figures.add(Figure.none(name(), count + " started", rival.name(), "not installed"));
        continue;
      }
      setting.tell("  " + rival.name());
      Map<String, List<String>> services = new LinkedHashMap<>();
      for (int i = 0; i < count; i++) {
        services.put("s" + i, SLEEP);
      }
      Path folder = setting.newFolder();
      List<String> _ = rival.layout().write(folder, services);
      Crowd crowd = new Crowd(count, rival.each());
      long begin = System.nanoTime();
      try (Rival.Running running = rival.start(folder, services)) {
        crowd.await(running::pids);
        long took = System.nanoTime() - begin;
        add(figures, count, rival.name(), took, running.pids(), "");
      }
    }
    figures.add(Figure.none(name(), count + " started", "systemd", Rival.systemd()));
    ours(setting, count, figures);
    return figures;
  }

  /**
   * After the others, whose files stay until all have been measured: ext4 passes over the inodes of files that were deleted in
   * the last minutes, one by one, so that whoever makes files after them pays (recently_deleted in fs/ext4/ialloc.c).
   */
  private void ours(Setting setting, int count, List<Figure> figures) throws Exception {
    setting.tell("  Duende");
    try (Installed duende = setting.install()) {
      String note = upWithCaches(duende);
      long pid = duende.container().orElseThrow().pid();
      String marker = duende.mark().substring(duende.mark().indexOf('=') + 1);
      Crowd crowd = new Crowd(count, 1);
      long begin = System.nanoTime();
      Path file =
          duende.daemonFile(
              "crowd",
              "name = \"crowd\"\nbinary_path = \"/bin/sleep\"\nargs = [\"86400\"]\ninstances = "
                  + count
                  + "\nenv = [\""
                  + duende.mark()
                  + "\"]\n");
      Path out = Files.createTempFile(setting.newFolder(), "deploy", ".out");
      Process deploy = duende.start(out, out, "deploy", file.toString());
      crowd.await(() -> new ProcCensus().pids(marker));
      long took = System.nanoTime() - begin;
      add(figures, count, Figure.DUENDE, took, List.of(pid), note);
      if (!deploy.waitFor(1, TimeUnit.MINUTES) || deploy.exitValue() != 0) {
        throw new IllegalStateException(Files.readString(out));
      }
    }
  }

  /** As everybody's second container: with the class caches that the first one has had made. */
  private static String upWithCaches(Installed duende) throws Exception {
    duende.useCaches();
    duende.up();
    boolean made = duende.awaitCache("container") && duende.awaitCache("client");
    duende.awaitSettled();
    duende.stopContainer();
    duende.up();
    return made ? "" : ", no class cache was made within two minutes";
  }

  private void add(
      List<Figure> figures, int count, String who, long took, Collection<Long> all, String note)
      throws InterruptedException {
    figures.add(
        Figure.of(name(), count + " started", who, took / 1e6, "ms", "until all run" + note));
    // What its compilers took a JVM gives back every half minute; others keep what they have.
    Thread.sleep(who.equals(Figure.DUENDE) ? 35_000 : 3000);
    List<Long> own = all.stream().filter(p -> !Crowd.isMember(p)).toList();
    figures.add(
        Figure.of(
            name(),
            "supervisor with " + count + ", PSS",
            who,
            Programs.pss(own),
            "MiB",
            own.size() + (own.size() == 1 ? " process" : " processes")));
  }
}
