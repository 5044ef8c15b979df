package org.example.duende.ssh;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/** One ssh process, with the agent at its far end. Any number of requests are in progress at once. */
final class Session implements AutoCloseable {
  private static final int MOST_ERRORS = 2000;

  /** What means nothing to any shell, in any place. */
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._/-]{1,256}");

  /**
   * Takes the agent's text from standard input and becomes it. A constant: what differs between sessions (length, directory,
   * digest, instance) is read as data.
   */
  private static final String REMOTE =
      "exec /bin/sh -c 'umask 077; read -r n; read -r d; read -r h; read -r i; [ -n \"$d\" ] ||"
          + " d=$HOME/.duende; mkdir -p \"$d\" && head -c \"$n\" >\"$d/agent.$$\" && mv"
          + " \"$d/agent.$$\" \"$d/agent-$h.sh\" && exec /bin/sh \"$d/agent-$h.sh\" serve"
          + " \"$d/$i\"'";

  private final Host host;
  private final Process process;
  private final BiConsumer<String, Integer> ended;
  private final Runnable lost;
  private final AtomicLong ids = new AtomicLong();
  private final Map<String, Request> requests = new ConcurrentHashMap<>();
  private final CompletableFuture<String> hello = new CompletableFuture<>();
  private final StringBuilder complaints = new StringBuilder();
  private volatile boolean closed;

  private static final class Request {
    private final CompletableFuture<byte[]> answer = new CompletableFuture<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  }

  /** What the far side refused. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    Refused(String why) {
      super(why);
    }
  }

  private Session(Host host, Process process, BiConsumer<String, Integer> ended, Runnable lost) {
    this.host = host;
    this.process = process;
    this.ended = ended;
    this.lost = lost;
  }

  /**
   * Connects.
   *
   * @param ended told of each run that has ended, with its status
   * @param lost told once when the connection is gone
   */
  static Session open(
      Host host,
      Path ssh,
      String instance,
      Agent agent,
      BiConsumer<String, Integer> ended,
      Runnable lost,
      Deadline deadline)
      throws DaemonException {
    Duration left = deadline.orAfter(Duration.ofSeconds(30)).remaining();
    Process process;
    try {
      process =
          new ProcessBuilder(host.command(ssh, (int) Math.max(1, left.toSeconds()), REMOTE))
              .start();
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          ssh.toString(),
          "cannot be started: " + e.getMessage(),
          "install OpenSSH",
          e);
    }
    Session session = new Session(host, process, ended, lost);
    session.thread("answers", session::listen);
    session.thread("errors", session::complain);
    try {
      session.write(
          (agent.text().length
                  + "\n"
                  + host.directory()
                  + "\n"
                  + agent.digest()
                  + "\n"
                  + instance
                  + "\n")
              .getBytes(StandardCharsets.UTF_8));
      session.write(agent.text());
      session.hello.get(left.toMillis(), TimeUnit.MILLISECONDS);
      return session;
    } catch (IOException | ExecutionException | TimeoutException e) {
      session.close();
      throw session.unreachable(e);
    } catch (InterruptedException e) {
      session.close();
      Thread.currentThread().interrupt();
      throw session.unreachable(e);
    }
  }

  private DaemonException unreachable(Exception cause) {
    String said;
    synchronized (complaints) {
      said = complaints.toString().strip().replaceAll("\\s*\\R\\s*", "; ");
    }
    boolean late = cause instanceof TimeoutException;
    return new DaemonException(
        late ? ErrorCode.TIMEOUT : ErrorCode.IO,
        host.host(),
        (late ? "does not answer" : "cannot be reached over ssh")
            + (said.isEmpty() ? "" : ": " + said),
        "try \"ssh -o BatchMode=yes " + host.host() + " true\"",
        cause);
  }

  private void thread(String what, Runnable run) {
    Thread.ofPlatform().name("duende-ssh-" + host.host() + "-" + what).daemon(true).start(run);
  }

  boolean isOpen() {
    return !closed && process.isAlive();
  }

  private synchronized void write(byte[] bytes) throws IOException {
    OutputStream out = process.getOutputStream();
    out.write(bytes);
    out.flush();
  }

  /** Asks, and waits for the answer. */
  byte[] ask(Deadline deadline, String verb, String... arguments) throws DaemonException, Refused {
    String id = Long.toString(ids.incrementAndGet());
    StringBuilder line = new StringBuilder(id).append(' ').append(verb);
    for (String argument : arguments) {
      line.append(' ').append(encode(argument));
    }
    Request request = new Request();
    requests.put(id, request);
    try {
      if (closed) {
        throw unreachable(new IOException("closed"));
      }
      write(line.append('\n').toString().getBytes(StandardCharsets.US_ASCII));
      return request.answer.get(
          Math.max(1, deadline.remaining().toMillis()), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Refused refused) {
        throw refused;
      }
      throw unreachable(e);
    } catch (IOException | TimeoutException e) {
      throw unreachable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable(e);
    } finally {
      requests.remove(id);
    }
  }

  /** Most words, as they are: a busy far side has no process to spare for each. */
  private static String encode(String text) {
    if (PLAIN.matcher(text).matches()) {
      return "=" + text;
    }
    return text.isEmpty()
        ? "-"
        : Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private void listen() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        take(line.split(" "));
      }
    } catch (IOException | IllegalArgumentException e) {
      note(e.toString());
    } finally {
      boolean first = !closed;
      closed = true;
      IOException gone = new IOException("the connection is gone");
      hello.completeExceptionally(gone);
      requests.values().forEach(r -> r.answer.completeExceptionally(gone));
      process.destroy();
      if (first && !hello.isCompletedExceptionally()) {
        lost.run();
      }
    }
  }

  private void take(String[] words) {
    if (words[0].equals("hello")) {
      hello.complete(words.length > 1 ? words[1] : "");
    } else if (words[0].equals("!") && words.length == 3) {
      ended.accept(words[1], Integer.valueOf(words[2]));
    } else if (words.length >= 2) {
      Request request = requests.get(words[0]);
      if (request == null) {
        return;
      }
      byte[] data = words.length > 2 ? Base64.getDecoder().decode(words[2]) : new byte[0];
      switch (words[1]) {
        case "data" -> request.data.writeBytes(data);
        case "ok" -> {
          request.data.writeBytes(data);
          request.answer.complete(request.data.toByteArray());
        }
        default ->
            request.answer.completeExceptionally(
                new Refused(new String(data, StandardCharsets.UTF_8)));
      }
    }
  }

  private void complain() {
    try (InputStream errors = process.getErrorStream()) {
      byte[] buffer = new byte[1024];
      for (int n = errors.read(buffer); n >= 0; n = errors.read(buffer)) {
        note(new String(buffer, 0, n, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      note(e.toString());
    }
  }

  /** The last of what ssh had to say, for errors. */
  private void note(String text) {
    synchronized (complaints) {
      complaints.append(text);
      if (complaints.length() > MOST_ERRORS) {
        complaints.delete(0, complaints.length() - MOST_ERRORS);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      note(e.toString());
    }
    try {
      // The far side ends with its input; ssh with it.
      if (!process.waitFor(2, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** Words of an answer. */
  static List<String> words(byte[] answer) {
    return Arrays.asList(new String(answer, StandardCharsets.UTF_8).strip().split("\\s+"));
  }
}
