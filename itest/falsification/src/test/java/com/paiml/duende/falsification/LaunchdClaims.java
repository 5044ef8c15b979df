package com.paiml.duende.falsification;

import com.dd.plist.NSDictionary;
import com.dd.plist.PropertyListParser;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.launchd.RecordedLaunchd;
import com.paiml.duende.testkit.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be attacked of launchd where there is no Mac; every figure says so. */
@Falsification
class LaunchdClaims {
  @TempDir Path folder;
  @TempDir Path lab;

  @Test
  void f083_the_job_is_listed_and_its_property_list_is_read_by_two_parsers(Attempt attempt)
      throws Exception {
    Path python;
    RecordedLaunchd launchd;
    try {
      python = Command.need("python3", "python3");
      launchd = RecordedLaunchd.start(lab);
    } catch (Missing e) {
      throw attempt.notRunHere(e.getMessage());
    }
    try (launchd;
        Installed duende = new Installed(Scene.distribution(), folder)) {
      String launchctl = launchd.launchctl().toString();
      duende.property("duende.launchd.launchctl", launchctl);
      duende.daemonFile(
          "job",
          "name = \"job\"\nplatform = \"launchd\"\nbinary_path = \"/bin/sleep\"\n"
              + "args = [\"3600\"]\nenv = [\"ODD=<&>'\\\"]]>\", \""
              + duende.mark()
              + "\"]\n");
      duende.up();
      Await.until(
          "it runs",
          Installed.PATIENCE,
          () -> duende.call("ps").out().lines().anyMatch(l -> l.matches("job +running.*")));
      List<String> listed =
          said(launchctl, "list").lines().filter(l -> l.endsWith(".job")).toList();
      Path file;
      try (Stream<Path> files = Files.walk(duende.data())) {
        file = files.filter(f -> f.toString().endsWith(".plist")).findFirst().orElseThrow();
      }
      NSDictionary first = (NSDictionary) PropertyListParser.parse(file.toFile());
      String label = String.valueOf(first.get("Label").toJavaObject());
      Object odd = ((NSDictionary) first.get("EnvironmentVariables")).get("ODD").toJavaObject();
      String second =
          said(
              python.toString(),
              "-c",
              "import plistlib,sys; p=plistlib.load(open(sys.argv[1],'rb'));"
                  + " print(p['Label'], p['EnvironmentVariables']['ODD'], p['KeepAlive'])",
              file.toString());
      String adapters = duende.call("adapters", "launchd").ok();
      boolean holds =
          listed.size() == 1
              && listed.getFirst().endsWith("\t" + label)
              && label.startsWith("com.paiml.duende.")
              && odd.equals("<&>'\"]]>")
              && second.strip().equals(label + " <&>'\"]]> False")
              && adapters.contains("simulated");
      attempt.behaviour(
          holds,
          "a recorded launchctl, not Apple's, lists "
              + listed
              + "; label by dd-plist "
              + label
              + ", by plistlib "
              + second.strip().replaceAll(" .*", "")
              + "; called simulated: "
              + adapters.contains("simulated"));
    }
  }

  private static String said(String... words) throws Exception {
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return text;
  }
}
