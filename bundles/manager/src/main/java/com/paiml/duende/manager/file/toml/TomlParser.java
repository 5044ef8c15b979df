package com.paiml.duende.manager.file.toml;

import com.paiml.duende.manager.file.toml.TomlDocument.Fault;
import com.paiml.duende.manager.file.toml.TomlTable.Entry;
import com.paiml.duende.manager.file.toml.TomlTable.Origin;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads TOML 1.0.0 (toml.io/en/v1.0.0). After a fault it goes on at the next line that begins a key or a table. Not
 * thread-safe; one object reads one text.
 */
public final class TomlParser {
  /** Lists and tables within each other, and parts of a dotted key: more is a fault. */
  static final int MAX_DEPTH = 32;

  /** Faults told of one text; what comes after the last of them is not read. */
  static final int MAX_FAULTS = 50;

  private final TomlText in;
  private final TomlScalars scalars;
  private final List<Fault> faults = new ArrayList<>();
  private final TomlTable root = new TomlTable(Origin.HEADER);
  private TomlTable current = root;
  private int block;

  private TomlParser(String text) {
    in = new TomlText(text);
    scalars = new TomlScalars(in);
  }

  /** One part of a dotted key. */
  private record Part(int at, String name) {}

  public static TomlDocument parse(String text) {
    TomlParser parser = new TomlParser(text);
    parser.document();
    return new TomlDocument(text, parser.root, parser.faults);
  }

  private void document() {
    if (in.peek() == '\uFEFF') {
      in.skip(1);
    }
    while (!in.atEnd() && faults.size() < MAX_FAULTS) {
      int start = in.at();
      try {
        in.skipBlankLines();
        start = in.at();
        if (!in.atEnd()) {
          statement();
        }
      } catch (TomlSyntaxException e) {
        faults.add(new Fault(e.at(), e.problem(), e.remedy()));
        in.moveToStatementAfter(start);
      }
    }
    if (!in.atEnd()) {
      faults.add(
          new Fault(in.at(), "more than " + MAX_FAULTS + " faults", "mend the ones above first"));
    }
  }

  private void statement() throws TomlSyntaxException {
    if (in.peek() == '[') {
      header();
    } else {
      int start = in.at();
      assignment(current, 0, start);
    }
    in.endOfLine();
  }

  private void header() throws TomlSyntaxException {
    int at = in.at();
    in.skip(1);
    boolean element = in.peek() == '[';
    if (element) {
      in.skip(1);
    }
    // Until this header is known to be good, its lines go to a table that nobody sees: no faults
    // that follow from this one.
    current = new TomlTable(Origin.HEADER);
    block++;
    in.skipBlanks();
    List<Part> path = key();
    in.expect(']', "close the table's name with ]");
    if (element) {
      in.expect(']', "close the name of a table in a list with ]]");
    }
    TomlTable parent = descend(root, path.subList(0, path.size() - 1), at);
    Part last = path.getLast();
    current = element ? newElement(parent, last, at) : table(parent, last, at);
  }

  /** Follows all but the last part of a header, making what is not there. */
  private static TomlTable descend(TomlTable from, List<Part> path, int headerAt)
      throws TomlSyntaxException {
    TomlTable table = from;
    for (Part part : path) {
      Entry entry = table.entries().get(part.name());
      if (entry == null) {
        TomlTable made = new TomlTable(Origin.IMPLIED);
        table.set(part.name(), part.at(), new TomlValue.Table(headerAt, made));
        table = made;
      } else {
        table = extensible(entry.value(), part);
      }
    }
    return table;
  }

  private static TomlTable extensible(TomlValue value, Part part) throws TomlSyntaxException {
    if (value instanceof TomlValue.Table t && t.entries().origin() != Origin.INLINE) {
      return t.entries();
    }
    if (value instanceof TomlValue.Sequence s
        && !s.elements().isEmpty()
        && s.elements().getLast() instanceof TomlValue.Table t
        && t.entries().origin() == Origin.HEADER) {
      return t.entries();
    }
    throw new TomlSyntaxException(
        part.at(),
        "\"" + part.name() + "\" is " + value.kind() + " already, nothing can be added to it",
        "write it in one place");
  }

  private static TomlTable table(TomlTable parent, Part name, int at) throws TomlSyntaxException {
    Entry entry = parent.entries().get(name.name());
    if (entry == null) {
      TomlTable made = new TomlTable(Origin.HEADER);
      parent.set(name.name(), name.at(), new TomlValue.Table(at, made));
      return made;
    }
    if (entry.value() instanceof TomlValue.Table t && t.entries().origin() == Origin.IMPLIED) {
      t.entries().origin(Origin.HEADER);
      return t.entries();
    }
    throw new TomlSyntaxException(
        name.at(), "\"" + name.name() + "\" is there already", "keep one of the two");
  }

  private static TomlTable newElement(TomlTable parent, Part name, int at)
      throws TomlSyntaxException {
    TomlTable made = new TomlTable(Origin.HEADER);
    TomlValue element = new TomlValue.Table(at, made);
    Entry entry = parent.entries().get(name.name());
    if (entry == null) {
      List<TomlValue> elements = new ArrayList<>();
      elements.add(element);
      parent.set(name.name(), name.at(), new TomlValue.Sequence(at, elements));
      return made;
    }
    if (entry.value() instanceof TomlValue.Sequence s
        && !s.elements().isEmpty()
        && s.elements().getLast() instanceof TomlValue.Table t
        && t.entries().origin() == Origin.HEADER) {
      s.elements().add(element);
      return made;
    }
    throw new TomlSyntaxException(
        name.at(), "\"" + name.name() + "\" is there already", "keep one of the two");
  }

  private void assignment(TomlTable into, int depth, int start) throws TomlSyntaxException {
    List<Part> path = key();
    if (in.peek() != '=') {
      throw new TomlSyntaxException(
          in.at(), "a key is followed by = and a value", "write KEY = VALUE");
    }
    in.skip(1);
    in.skipBlanks();
    TomlTable table = into;
    for (Part part : path.subList(0, path.size() - 1)) {
      table = dotted(table, part, start);
    }
    Part last = path.getLast();
    if (table.entries().containsKey(last.name())) {
      throw new TomlSyntaxException(
          last.at(), "\"" + last.name() + "\" is there already", "keep one of the two");
    }
    table.set(last.name(), last.at(), value(depth));
  }

  private TomlTable dotted(TomlTable table, Part part, int start) throws TomlSyntaxException {
    Entry entry = table.entries().get(part.name());
    if (entry == null) {
      TomlTable made = new TomlTable(Origin.DOTTED);
      made.block(block);
      table.set(part.name(), part.at(), new TomlValue.Table(start, made));
      return made;
    }
    if (entry.value() instanceof TomlValue.Table t
        && t.entries().origin() == Origin.DOTTED
        && t.entries().block() == block) {
      return t.entries();
    }
    throw new TomlSyntaxException(
        part.at(),
        "\""
            + part.name()
            + "\" is "
            + entry.value().kind()
            + " already, nothing can be added here",
        "write it in one place");
  }

  private List<Part> key() throws TomlSyntaxException {
    List<Part> path = new ArrayList<>();
    while (true) {
      if (path.size() >= MAX_DEPTH) {
        throw new TomlSyntaxException(
            in.at(), "a key of more than " + MAX_DEPTH + " parts", "use fewer dots");
      }
      path.add(new Part(in.at(), scalars.keyPart()));
      in.skipBlanks();
      if (in.peek() != '.') {
        return path;
      }
      in.skip(1);
      in.skipBlanks();
    }
  }

  private TomlValue value(int depth) throws TomlSyntaxException {
    if (depth >= MAX_DEPTH) {
      throw new TomlSyntaxException(
          in.at(), "nested more than " + MAX_DEPTH + " deep", "write it flatter");
    }
    return switch (in.peek()) {
      case '[' -> sequence(depth);
      case '{' -> inlineTable(depth);
      default -> scalars.value();
    };
  }

  private TomlValue sequence(int depth) throws TomlSyntaxException {
    int at = in.at();
    in.skip(1);
    List<TomlValue> elements = new ArrayList<>();
    in.skipBlankLines();
    while (in.peek() != ']') {
      unclosed(at, "the list that begins here is not closed", "end it with ]");
      elements.add(value(depth + 1));
      in.skipBlankLines();
      if (in.peek() == ',') {
        in.skip(1);
        in.skipBlankLines();
      } else if (in.peek() != ']') {
        unclosed(at, "the list that begins here is not closed", "end it with ]");
        throw new TomlSyntaxException(
            in.at(), "elements of a list are parted by commas", "write a comma, or ] at its end");
      }
    }
    in.skip(1);
    return new TomlValue.Sequence(at, elements);
  }

  private TomlValue inlineTable(int depth) throws TomlSyntaxException {
    int at = in.at();
    in.skip(1);
    TomlTable table = new TomlTable(Origin.HEADER);
    in.skipBlanks();
    while (in.peek() != '}') {
      unclosed(at, "the table that begins here is not closed", "end it with }");
      assignment(table, depth + 1, in.at());
      in.skipBlanks();
      if (in.peek() == ',') {
        int comma = in.at();
        in.skip(1);
        in.skipBlanks();
        if (in.peek() == '}') {
          throw new TomlSyntaxException(comma, "a comma before }", "remove it");
        }
      } else if (in.peek() != '}') {
        throw new TomlSyntaxException(
            in.at(),
            "a table in braces stands on one line, its keys parted by commas",
            "write a comma, or } at its end");
      }
    }
    in.skip(1);
    close(table);
    return new TomlValue.Table(at, table);
  }

  /** What stands in braces is complete, with all that dotted keys made in it. */
  private static void close(TomlTable table) {
    table.origin(Origin.INLINE);
    for (Entry entry : table.entries().values()) {
      if (entry.value() instanceof TomlValue.Table t && t.entries().origin() == Origin.DOTTED) {
        close(t.entries());
      }
    }
  }

  private void unclosed(int at, String problem, String remedy) throws TomlSyntaxException {
    if (in.atEnd()) {
      throw new TomlSyntaxException(at, problem, remedy);
    }
  }
}
