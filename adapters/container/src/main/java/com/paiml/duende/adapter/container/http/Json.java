package com.paiml.duende.adapter.container.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.jr.ob.JSON;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A value of JSON that was read; whatever is not there, or is of another kind, reads as empty. */
public record Json(@Nullable Object value) {
  // Keeps its buffers here: Jackson's usual place is a thread local of the manager's threads, where
  // they hold all classes of this bundle after it was replaced.
  private static final JSON MAPPER =
      JSON.builder(JsonFactory.builder().recyclerPool(JsonRecyclerPools.newBoundedPool(2)).build())
          .build();

  /** Reads an object. */
  public static Json object(String text, String from) throws DaemonException {
    try {
      return new Json(MAPPER.mapFrom(text));
    } catch (IOException e) {
      throw malformed(text, from, e);
    }
  }

  /** Reads a list. */
  public static List<Json> list(String text, String from) throws DaemonException {
    try {
      return MAPPER.listFrom(text).stream().map(Json::new).toList();
    } catch (IOException e) {
      throw malformed(text, from, e);
    }
  }

  /** Writes maps, lists, texts, numbers and truth values. */
  public static String write(Object value) throws DaemonException {
    try {
      return MAPPER.asString(value);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.INTERNAL, "container", "cannot be described as JSON: " + e.getMessage(), "", e);
    }
  }

  private static DaemonException malformed(String text, String from, IOException cause) {
    String begin = text.length() > 80 ? text.substring(0, 80) + "…" : text;
    return new DaemonException(
        ErrorCode.IO,
        from,
        "answers what is no JSON: \"" + begin.replaceAll("\\p{Cntrl}", " ") + "\"",
        "see whether it is really an engine that listens there",
        cause);
  }

  /** Goes down by keys. */
  public Json at(String... keys) {
    Object here = value;
    for (String key : keys) {
      here = here instanceof Map<?, ?> map ? map.get(key) : null;
    }
    return new Json(here);
  }

  public boolean isPresent() {
    return value != null;
  }

  public String text() {
    return value instanceof String s ? s : "";
  }

  public long number() {
    return value instanceof Number n ? n.longValue() : 0;
  }

  public long number(long otherwise) {
    return value instanceof Number n ? n.longValue() : otherwise;
  }

  public boolean isTrue() {
    return Boolean.TRUE.equals(value);
  }

  public List<Json> items() {
    return value instanceof List<?> list ? list.stream().map(Json::new).toList() : List.of();
  }

  /** Texts by name; other values are left out. */
  public Map<String, String> texts() {
    Map<String, String> all = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach(
          (k, v) -> {
            if (v instanceof String s) {
              all.put(String.valueOf(k), s);
            }
          });
    }
    return all;
  }
}
