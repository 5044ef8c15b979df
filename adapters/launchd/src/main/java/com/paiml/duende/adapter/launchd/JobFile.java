package com.paiml.duende.adapter.launchd;

import com.dd.plist.BinaryPropertyListWriter;
import com.dd.plist.NSArray;
import com.dd.plist.NSDictionary;
import com.dd.plist.NSNumber;
import com.dd.plist.NSObject;
import com.dd.plist.NSString;
import com.dd.plist.PropertyListParser;
import com.dd.plist.XMLPropertyListWriter;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.support.program.RunMark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A run as a property list, launchd.plist(5). */
final class JobFile {
  /** launchd's own least time between two starts, seconds. */
  private static final long LEAST_THROTTLE = 1;

  private JobFile() {}

  static NSDictionary of(LaunchSpec spec, String label, Path program, LaunchdTable table) {
    DaemonConfig config = spec.config();
    NSDictionary job = new NSDictionary();
    job.put("Label", label);
    NSObject[] words = new NSObject[spec.args().size() + 1];
    words[0] = new NSString(program.toString());
    for (int i = 0; i < spec.args().size(); i++) {
      words[i + 1] = new NSString(spec.args().get(i));
    }
    job.put("ProgramArguments", new NSArray(words));
    job.put("EnvironmentVariables", environment(spec));
    job.put("WorkingDirectory", workingDirectory(spec).toString());
    job.put("StandardOutPath", spec.logFile().toString());
    job.put("StandardErrorPath", spec.logFile().toString());
    if (table.isSystem() && !config.user().isEmpty()) {
      job.put("UserName", config.user());
      if (!config.group().isEmpty()) {
        job.put("GroupName", config.group());
      }
    }
    job.put("RunAtLoad", new NSNumber(true));
    job.put("KeepAlive", keepAlive(config));
    job.put("ThrottleInterval", new NSNumber(throttle(config)));
    job.put("ExitTimeOut", new NSNumber(seconds(config.shutdownTimeout())));
    config.sandbox().umask().ifPresent(umask -> job.put("Umask", new NSNumber(umask)));
    job.put("SoftResourceLimits", limits(config));
    job.put("HardResourceLimits", limits(config));
    // launchd ends the rest of the process group when the main process has ended.
    job.put("AbandonProcessGroup", new NSNumber(false));
    return job;
  }

  private static NSDictionary environment(LaunchSpec spec) {
    Map<String, String> variables = new LinkedHashMap<>();
    for (String variable : spec.env()) {
      int equals = variable.indexOf('=');
      variables.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    variables.put(Processes.MARK_VARIABLE, RunMark.of(spec).value());
    NSDictionary all = new NSDictionary();
    variables.forEach((name, value) -> all.put(name, new NSString(value)));
    return all;
  }

  static Path workingDirectory(LaunchSpec spec) {
    String configured = spec.config().workingDir();
    return configured.isEmpty() ? spec.stateDirectory() : spec.stateDirectory().resolve(configured);
  }

  /** Only where the file says that the platform restarts it. */
  private static NSObject keepAlive(DaemonConfig config) {
    if (config.restartBy() != DaemonConfig.RestartBy.PLATFORM) {
      return new NSNumber(false);
    }
    return switch (config.restart()) {
      case NEVER -> new NSNumber(false);
      case ALWAYS, UNLESS_STOPPED, WITH_BACKOFF -> new NSNumber(true);
      case ON_FAILURE, MAX_RETRIES -> {
        NSDictionary when = new NSDictionary();
        when.put("SuccessfulExit", new NSNumber(false));
        yield when;
      }
    };
  }

  private static long throttle(DaemonConfig config) {
    return Math.max(LEAST_THROTTLE, seconds(config.backoff().initial()));
  }

  private static long seconds(Duration time) {
    return Math.max(1, time.plusMillis(999).toSeconds());
  }

  private static NSDictionary limits(DaemonConfig config) {
    NSDictionary limits = new NSDictionary();
    limits.put("NumberOfFiles", new NSNumber(config.resources().openFiles()));
    return limits;
  }

  /** Writes it, for its owner only: variables may be secrets. XML, or binary where a text has what XML cannot hold. */
  static void write(NSDictionary job, Path file, String daemon) throws DaemonException {
    try {
      byte[] bytes;
      if (fitsXml(job)) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        XMLPropertyListWriter.write(job, out);
        bytes = out.toByteArray();
      } else {
        bytes = BinaryPropertyListWriter.writeToArray(job);
      }
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      Files.deleteIfExists(fresh);
      Files.createFile(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(fresh, bytes);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          daemon,
          "its property list cannot be written: " + e,
          "see the rights and the space left of " + file.getParent(),
          e);
    }
  }

  private static boolean fitsXml(NSObject value) {
    return switch (value) {
      case NSString text ->
          text.getContent()
              .codePoints()
              .allMatch(
                  c ->
                      c == '\t'
                          || c == '\n'
                          || (c >= 0x20 && c < 0xD800)
                          || (c > 0xDFFF && c < 0xFFFE)
                          || c > 0xFFFF);
      case NSArray array -> java.util.Arrays.stream(array.getArray()).allMatch(JobFile::fitsXml);
      case NSDictionary table ->
          table.entrySet().stream()
              .allMatch(e -> fitsXml(new NSString(e.getKey())) && fitsXml(e.getValue()));
      default -> true;
    };
  }

  /** The mark of the run that a property list describes; empty when it is none of ours. */
  static Optional<String> mark(Path file) {
    try {
      if (PropertyListParser.parse(file.toFile()) instanceof NSDictionary job
          && job.get("EnvironmentVariables") instanceof NSDictionary variables
          && variables.get(Processes.MARK_VARIABLE) instanceof NSString mark) {
        return Optional.of(mark.getContent());
      }
      return Optional.empty();
    } catch (Exception e) {
      // The library throws a dozen kinds for what is no property list.
      return Optional.empty();
    }
  }
}
