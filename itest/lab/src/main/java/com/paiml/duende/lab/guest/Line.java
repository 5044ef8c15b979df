package com.paiml.duende.lab.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One line to the guest: a serial port that the guest's agent serves, one command at a time. */
final class Line implements AutoCloseable {
  private final SocketChannel channel;
  private final Thread reader;
  private final Consumer<Line> freed;
  private @Nullable Job job;
  private String word = "";
  private boolean gone;

  private Line(SocketChannel channel, int number, Consumer<Line> freed) {
    this.channel = channel;
    this.freed = freed;
    this.reader = Thread.ofPlatform().daemon().name("guest-line-" + number).unstarted(this::read);
  }

  static Line open(Path socket, int number, Consumer<Line> freed) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
        throw new IOException(socket + " does not answer");
      }
    } catch (IOException refused) {
      channel.close();
      throw refused;
    }
    Line line = new Line(channel, number, freed);
    line.reader.start();
    return line;
  }

  void begin(List<String> words, Job next) throws IOException {
    synchronized (this) {
      if (gone) {
        throw new IOException("the guest has gone");
      }
      word = UUID.randomUUID().toString();
      job = next;
    }
    ByteBuffer bytes =
        ByteBuffer.wrap((word + " " + Words.quoted(words) + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      int _ = channel.write(bytes);
    }
  }

  private void read() {
    String why = "the guest has closed the line";
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8))) {
      boolean blank = false;
      for (String line; (line = lines.readLine()) != null; ) {
        Job now = current();
        if (now == null) {
          continue; // said by a child of an earlier job that went on
        }
        if (line.startsWith(word + " pid ")) {
          now.began(Integer.parseInt(line.substring(word.length() + 5)));
        } else if (line.startsWith(word + " exit ")) {
          // The blank line before it is the agent's: it ends a last line that had no end.
          finish(now, Integer.parseInt(line.substring(word.length() + 6)));
          blank = false;
        } else {
          if (blank) {
            now.printed("");
          }
          blank = line.isEmpty();
          if (!blank) {
            now.printed(line);
          }
        }
      }
    } catch (IOException | NumberFormatException broken) {
      why = "the line to the guest broke: " + broken.getMessage();
    }
    Job left;
    synchronized (this) {
      gone = true;
      left = job;
      job = null;
    }
    if (left != null) {
      left.lost(why);
    }
  }

  private void finish(Job done, int status) {
    synchronized (this) {
      job = null;
    }
    freed.accept(this);
    done.ended(status);
  }

  private synchronized @Nullable Job current() {
    return job;
  }

  @Override
  public void close() throws IOException, InterruptedException {
    channel.close();
    reader.join(10_000);
  }
}
