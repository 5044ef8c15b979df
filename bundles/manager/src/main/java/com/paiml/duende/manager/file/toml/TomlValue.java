package com.paiml.duende.manager.file.toml;

import java.util.List;

/** A value and where it stands: the offset of its first character in the text, or -1 where there is no text. */
public sealed interface TomlValue {
  int at();

  /** What a person calls a value of this kind, with its article. */
  String kind();

  record Text(int at, String value) implements TomlValue {
    @Override
    public String kind() {
      return "text";
    }
  }

  record Whole(int at, long value) implements TomlValue {
    @Override
    public String kind() {
      return "a whole number";
    }
  }

  record Real(int at, double value) implements TomlValue {
    @Override
    public String kind() {
      return "a number";
    }
  }

  record Truth(int at, boolean value) implements TomlValue {
    @Override
    public String kind() {
      return "true or false";
    }
  }

  /** A date, a time, or both, as it is written. */
  record Moment(int at, String value) implements TomlValue {
    @Override
    public String kind() {
      return "a date or time";
    }
  }

  record Sequence(int at, List<TomlValue> elements) implements TomlValue {
    @Override
    public String kind() {
      return "a list";
    }
  }

  /** A table, however it is written: by header, by dotted keys, or inline. */
  record Table(int at, TomlTable entries) implements TomlValue {
    @Override
    public String kind() {
      return "a table";
    }
  }
}
