package com.paiml.duende.adapter.pepita.command;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.image.ImageBuilder;
import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.monitor.Words;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Component;

/** {@code pepita:image}. */
@Component(
    service = ImageCommand.class,
    property = {"osgi.command.scope=pepita", "osgi.command.function=image"})
public final class ImageCommand {
  private static final Duration PATIENCE = Duration.ofMinutes(20);

  @Descriptor(
      "Makes and shows what machines boot from. \"image build\" makes kernel, init and root file"
          + " system from the distribution's packages and keeps them in the cache; \"image list\""
          + " shows those that there are.")
  public String image(
      CommandSession session,
      @Descriptor("name of the image")
          @Parameter(
              names = {"-n", "--name"},
              absentValue = Images.DEFAULT)
          String name,
      @Descriptor("a package with a kernel, or one that depends on such")
          @Parameter(
              names = {"-k", "--kernel"},
              absentValue = "")
          String kernel,
      @Descriptor("with a Java runtime, for daemon classes")
          @Parameter(
              names = {"-j", "--java"},
              presentValue = "true",
              absentValue = "false")
          boolean java,
      @Descriptor("builds it though it is there")
          @Parameter(
              names = {"-f", "--force"},
              presentValue = "true",
              absentValue = "false")
          boolean force,
      @Descriptor("for programs")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("build or list") String what)
      throws DaemonException, IOException {
    Images images = Images.ofUser();
    return switch (what) {
      case "build" -> {
        Image made = build(session.getConsole(), images, name, kernel, java, force, json);
        yield json ? Words.write(facts(made)) : text(List.of(made));
      }
      case "list" -> {
        List<Image> all = images.all();
        yield json ? Words.list(all.stream().map(ImageCommand::facts).toList()) : text(all);
      }
      default ->
          throw new DaemonException(
              ErrorCode.CONFIGURATION,
              "pepita:image",
              "\"" + what + "\" is not known",
              "say build or list");
    };
  }

  private static Image build(
      PrintStream out,
      Images images,
      String name,
      String kernel,
      boolean java,
      boolean force,
      boolean silent)
      throws DaemonException {
    return new ImageBuilder(
            images,
            line -> {
              if (!silent) {
                out.println(line);
                out.flush();
              }
            })
        .build(name, kernel, java, force, Deadline.after(PATIENCE));
  }

  private static Map<String, Object> facts(Image image) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("name", image.name());
    all.put("folder", image.folder().toString());
    all.put("java", Files.exists(image.java()));
    new TreeMap<>(image.properties()).forEach(all::put);
    return all;
  }

  private static String text(List<Image> images) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("IMAGE", "KERNEL", "JAVA", "FOLDER"));
    for (Image image : images) {
      rows.add(
          List.of(
              image.name(),
              image.properties().getOrDefault("package.kernel", "?"),
              Files.exists(image.java()) ? "yes" : "no",
              image.folder().toString()));
    }
    return Answers.table(rows);
  }
}
