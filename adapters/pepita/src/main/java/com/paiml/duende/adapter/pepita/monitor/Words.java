package com.paiml.duende.adapter.pepita.monitor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Small JSON: what monitors say and are told, and what commands answer to programs. Loaded when first needed. */
public final class Words {
  // Keeps its buffers here: Jackson's usual place is a thread local of the manager's threads, where
  // they hold all classes of this bundle after it was replaced.
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .recyclerPool(JsonRecyclerPools.newBoundedPool(2))
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(64).maxStringLength(1 << 20).build())
          .build();

  private Words() {}

  /** An object on one line. */
  public static String write(Map<String, ?> object) throws IOException {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      write(json, object);
    }
    return out.toString();
  }

  /** A list of objects on one line. */
  public static String list(List<? extends Map<String, ?>> objects) throws IOException {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      write(json, objects);
    }
    return out.toString();
  }

  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    switch (value) {
      case Map<?, ?> map -> {
        json.writeStartObject();
        for (Map.Entry<?, ?> e : map.entrySet()) {
          json.writeFieldName(String.valueOf(e.getKey()));
          write(json, e.getValue());
        }
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        for (Object one : list) {
          write(json, one);
        }
        json.writeEndArray();
      }
      case Integer n -> json.writeNumber(n);
      case Long n -> json.writeNumber(n);
      case Boolean b -> json.writeBoolean(b);
      case null -> json.writeNull();
      default -> json.writeString(value.toString());
    }
  }

  /** The members of an object; of nested objects and arrays likewise, and nothing that is null. */
  public static Map<String, Object> read(String text) throws IOException {
    try (JsonParser json = JSON.createParser(text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("no JSON object");
      }
      return readObject(json);
    }
  }

  private static Map<String, Object> readObject(JsonParser json) throws IOException {
    Map<String, Object> object = new LinkedHashMap<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      Object value = readValue(json, json.nextToken());
      if (value != null) {
        object.put(key, value);
      }
    }
    return object;
  }

  private static List<Object> readArray(JsonParser json) throws IOException {
    List<Object> array = new ArrayList<>();
    for (JsonToken token = json.nextToken();
        token != JsonToken.END_ARRAY;
        token = json.nextToken()) {
      Object value = readValue(json, token);
      if (value != null) {
        array.add(value);
      }
    }
    return array;
  }

  private static @Nullable Object readValue(JsonParser json, JsonToken token) throws IOException {
    return switch (token) {
      case START_OBJECT -> readObject(json);
      case START_ARRAY -> readArray(json);
      case VALUE_NUMBER_INT -> json.getLongValue();
      case VALUE_TRUE, VALUE_FALSE -> json.getBooleanValue();
      case VALUE_NULL -> null;
      default -> json.getText();
    };
  }
}
