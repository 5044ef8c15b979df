package com.paiml.duende.survival;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Duende's image: built without the network, and run by engines that know nothing of Duende. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("long")
class ImageIT {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final String IMAGE = "docker.io/library/duende:0.1.0";
  private static final String STORY = "/var/lib/duende/story";

  @TempDir static Path folder;
  private static Path image;

  @BeforeAll
  static void build() throws Exception {
    try {
      Path _ = Command.need("busybox", "busybox-static");
      Path _ = Command.need("sha256sum", "coreutils");
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
    image = build("image.tar");
  }

  private static Path build(String name) throws Exception {
    Path output = folder.resolve(name);
    // A network of its own has none.
    Command.Result built =
        Command.run(
            PATIENCE,
            List.of(
                "unshare",
                "-n",
                "env",
                "DUENDE_JAVA_HOME=" + System.getProperty("java.home"),
                Settings.image().toString(),
                Settings.distribution().toString(),
                "0.1.0",
                output.toString()));
    assertTrue(built.ok(), built::output);
    return output;
  }

  @Test
  void the_same_distribution_gives_the_same_image_byte_for_byte() throws Exception {
    assertEquals(-1, Files.mismatch(image, build("again.tar")));
  }

  @Test
  void docker_runs_it_stops_it_in_order_and_its_data_stay() throws Exception {
    live("docker");
  }

  @Test
  void podman_runs_it_stops_it_in_order_and_its_data_stay() throws Exception {
    live("podman");
  }

  private static void live(String kind) throws Exception {
    try (LabEngine engine = LabEngine.start(kind)) {
      String _ = must(engine, "load", "-i", image.toString());
      start(engine, "one");
      assertEquals("10001", inside(engine, "one", "id", "-u").strip(), "it runs as no root");
      String health = inside(engine, "one", "duende", "doctor");
      assertTrue(health.contains("bundles") && !health.contains("not started"), health);
      deploy(engine, "db", "");
      deploy(engine, "web", "[depends]\nrequires = [\"db\"]\n");
      Await.until("both have begun", PATIENCE, () -> story(engine, "one").size() == 2);
      buries(engine);

      String _ = must(engine, "stop", "-t", "50", "one");
      assertEquals("0", must(engine, "inspect", "-f", "{{.State.ExitCode}}", "one").strip());
      String _ = must(engine, "start", "one");
      Await.until("they have begun again", PATIENCE, () -> story(engine, "one").size() == 6);
      assertEquals(
          List.of("db begins", "web begins", "web ends", "db ends", "db begins", "web begins"),
          story(engine, "one"));

      // Killed and thrown away: what is in the volume is all that is left.
      String _ = must(engine, "kill", "one");
      String _ = must(engine, "rm", "-f", "one");
      start(engine, "two");
      Await.until("they have begun once more", PATIENCE, () -> story(engine, "two").size() == 8);
      Await.until(
          "both run",
          PATIENCE,
          () -> {
            List<String> listed = inside(engine, "two", "duende", "ps").lines().toList();
            return listed.stream().anyMatch(l -> l.matches("db +running.*"))
                && listed.stream().anyMatch(l -> l.matches("web +running.*"));
          });
      assertTrue(must(engine, "logs", "two").contains("ready in"), "its log is what it prints");
      String _ = must(engine, "rm", "-f", "two");
      String _ = must(engine, "volume", "rm", "duende-data");
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  private static void start(LabEngine engine, String name) throws Exception {
    String _ =
        must(
            engine,
            "run",
            "-d",
            "--name",
            name,
            "--network",
            "none",
            "-v",
            "duende-data:/var/lib/duende",
            IMAGE);
    Await.until("it answers", PATIENCE, () -> engine.run("exec", name, "duende", "ps", "-a").ok());
  }

  /** One that writes down when it begins and, asked to stop, when it ends. */
  private static void deploy(LabEngine engine, String name, String more) throws Exception {
    String file =
        "name = \""
            + name
            + "\"\nbinary_path = \"/bin/sh\"\nargs = [\"-c\", '''trap \"echo "
            + name
            + " ends >> "
            + STORY
            + "; exit 0\" TERM; echo "
            + name
            + " begins >> "
            + STORY
            + "; while :; do sleep 0.1; done''']\n"
            + more;
    String _ =
        inside(
            engine,
            "one",
            "sh",
            "-c",
            "printf %s \"$1\" >/tmp/$0.toml && duende deploy /tmp/$0.toml",
            name,
            file);
  }

  /** What nobody waits for any more is waited for by the first process. */
  private static void buries(LabEngine engine) throws Exception {
    String orphan =
        inside(engine, "one", "sh", "-c", "sh -c 'sleep 0.5 >/dev/null 2>&1 & echo $!'").strip();
    Await.until(
        "an orphan is buried",
        PATIENCE,
        () -> !engine.run("exec", "one", "test", "-e", "/proc/" + orphan).ok());
  }

  private static List<String> story(LabEngine engine, String name) throws Exception {
    Command.Result told = engine.run("exec", name, "cat", STORY);
    return told.ok() ? told.output().lines().toList() : List.of();
  }

  private static String inside(LabEngine engine, String name, String... words) throws Exception {
    String[] all = new String[words.length + 2];
    all[0] = "exec";
    all[1] = name;
    System.arraycopy(words, 0, all, 2, words.length);
    return must(engine, all);
  }

  private static String must(LabEngine engine, String... words) throws Exception {
    Command.Result result = engine.run(words);
    assertTrue(
        result.ok(),
        () -> String.join(" ", words) + " ended with " + result.status() + ": " + result.output());
    return result.output();
  }
}
