package com.paiml.duende.adapter.wos.record;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.api.Signal;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The format of a recording: a line that names it, a header, events. Numbers big endian. */
final class TapeFile {

  static final String MAGIC = "duende wos recording 1\n";
  private static final int CALL = 1;
  private static final int GROWN = 2;
  private static final int SIGNALLED = 3;
  private static final int ENDED = 4;
  private static final int LARGEST_POKE = 1 << 24;
  private static final int MOST = 1 << 20;

  private TapeFile() {}

  /**
   * @param digest SHA-256 of the module
   * @param args of the process
   * @param env of the process
   */
  record Header(String digest, List<String> args, List<String> env) {}

  static void write(DataOutputStream out, Header header) throws IOException {
    out.writeBytes(MAGIC);
    out.writeUTF(header.digest());
    writeTexts(out, header.args());
    writeTexts(out, header.env());
  }

  private static void writeTexts(DataOutputStream out, List<String> texts) throws IOException {
    out.writeInt(texts.size());
    for (String text : texts) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      out.writeInt(bytes.length);
      out.write(bytes);
    }
  }

  static Header readHeader(DataInputStream in) throws IOException {
    byte[] magic = in.readNBytes(MAGIC.length());
    if (!MAGIC.equals(new String(magic, StandardCharsets.ISO_8859_1))) {
      throw new IOException("it is not a recording");
    }
    return new Header(in.readUTF(), readTexts(in), readTexts(in));
  }

  private static List<String> readTexts(DataInputStream in) throws IOException {
    int count = bounded(in.readInt(), MOST);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      texts.add(
          new String(in.readNBytes(bounded(in.readInt(), LARGEST_POKE)), StandardCharsets.UTF_8));
    }
    return texts;
  }

  private static int bounded(int count, int most) throws IOException {
    if (count < 0 || count > most) {
      throw new IOException("it is damaged: a length of " + count);
    }
    return count;
  }

  static void write(DataOutputStream out, Event event) throws IOException {
    switch (event) {
      case Event.Call call -> {
        out.writeByte(CALL);
        out.writeUTF(call.name());
        out.writeInt(call.arguments());
        out.writeShort(call.answer().code());
        out.writeInt(call.pokes().size());
        for (Event.Poke poke : call.pokes()) {
          out.writeInt(poke.address());
          out.writeInt(poke.data().length);
          out.write(poke.data());
        }
      }
      case Event.Grown grown -> {
        out.writeByte(GROWN);
        out.writeInt(grown.previousPages());
      }
      case Event.Signalled signalled -> {
        out.writeByte(SIGNALLED);
        out.writeByte(signalled.signal().number());
      }
      case Event.Ended ended -> {
        out.writeByte(ENDED);
        switch (ended.status()) {
          case ExitStatus.Exited e -> {
            out.writeByte('E');
            out.writeInt(e.code());
          }
          case ExitStatus.Signalled s -> {
            out.writeByte('S');
            out.writeInt(s.signal().number());
          }
          case ExitStatus.Trapped t -> {
            out.writeByte('T');
            out.writeInt(t.memoryRefused() ? 1 : 0);
            out.writeUTF(t.what().length() > 1000 ? t.what().substring(0, 1000) : t.what());
          }
        }
      }
    }
  }

  /** {@return the next event; a recording that was cut off ends as if it had been killed} */
  static Event read(DataInputStream in) throws IOException {
    try {
      return switch (in.readByte()) {
        case CALL -> readCall(in);
        case GROWN -> new Event.Grown(in.readInt());
        case SIGNALLED -> new Event.Signalled(signal(in.readByte()));
        case ENDED -> new Event.Ended(readStatus(in));
        default -> throw new IOException("it is damaged: an event of an unknown kind");
      };
    } catch (EOFException e) {
      return new Event.Ended(new ExitStatus.Signalled(Signal.KILL));
    }
  }

  private static Event readCall(DataInputStream in) throws IOException {
    String name = in.readUTF();
    int arguments = in.readInt();
    Errno answer = errno(in.readShort());
    int count = bounded(in.readInt(), MOST);
    List<Event.Poke> pokes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int address = in.readInt();
      byte[] data = new byte[bounded(in.readInt(), LARGEST_POKE)];
      in.readFully(data);
      pokes.add(new Event.Poke(address, data));
    }
    return new Event.Call(name, arguments, answer, pokes);
  }

  private static ExitStatus readStatus(DataInputStream in) throws IOException {
    int kind = in.readByte();
    int number = in.readInt();
    return switch (kind) {
      case 'E' -> new ExitStatus.Exited(number);
      case 'S' -> new ExitStatus.Signalled(signal(number));
      case 'T' -> new ExitStatus.Trapped(in.readUTF(), number != 0);
      default -> throw new IOException("it is damaged: an end of an unknown kind");
    };
  }

  private static Signal signal(int number) throws IOException {
    return Signal.of(number)
        .orElseThrow(() -> new IOException("it is damaged: a signal " + number));
  }

  private static Errno errno(int code) throws IOException {
    for (Errno errno : Errno.values()) {
      if (errno.code() == code) {
        return errno;
      }
    }
    throw new IOException("it is damaged: an error number " + code);
  }
}
