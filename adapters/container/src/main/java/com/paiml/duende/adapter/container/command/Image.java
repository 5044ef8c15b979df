package com.paiml.duende.adapter.container.command;

import com.paiml.duende.adapter.container.ContainerImages;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende:image}. */
@Component(
    service = Image.class,
    property = {"osgi.command.scope=duende", "osgi.command.function=image"})
public final class Image {
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final ContainerImages images;

  @Activate
  public Image(@Reference ContainerImages images) {
    this.images = images;
  }

  @Descriptor(
      "Builds the image in which daemon classes run in containers: a small Java runtime, without a"
          + " registry.")
  public String image(
      CommandSession session,
      @Descriptor("which engine gets it: auto, docker, podman, containerd")
          @Parameter(
              names = {"-e", "--engine"},
              absentValue = "auto")
          String engine,
      @Descriptor("its name; nothing: duende/host:latest, which daemon files have by default")
          @Parameter(
              names = {"-t", "--tag"},
              absentValue = "")
          String tag,
      @Descriptor("modules of Java, with commas between; nothing: those that a usual daemon needs")
          @Parameter(
              names = {"-m", "--modules"},
              absentValue = "")
          String modules,
      @Descriptor("what to do: build") String what)
      throws DaemonException {
    if (!what.equals("build")) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION, "image", "\"" + what + "\" is not known", "write build");
    }
    PrintStream progress = session.getConsole();
    return images.build(
        engine,
        tag,
        modules.isEmpty() ? List.of() : Arrays.asList(modules.split(",", -1)),
        progress::println,
        Deadline.after(PATIENCE));
  }
}
