package com.paiml.duende.shell.call;

import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.felix.service.command.CommandProcessor;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Collects the help of all commands of a distribution, so that the client can show it without a container. Finds them as the
 * container does: by the properties of the components in the bundles.
 *
 * <p>The result is text: for each command a line {@code SCOPE NAME} and its help, commands being separated by a line with a
 * form feed.
 */
public final class CommandIndex {
  /** The separator of commands. */
  public static final String END = "\f\n";

  private final Map<String, String> texts = new TreeMap<>();

  private CommandIndex() {}

  /** {@code BUNDLES... FILE}: directories of bundles, or files of that format; then the file to be written. */
  public static void main(String[] words) throws IOException {
    List<Path> sources = Stream.of(words).limit(words.length - 1L).map(Path::of).toList();
    Path target = Path.of(words[words.length - 1]);
    Path _ = Files.writeString(target, of(sources));
  }

  /** The index of directories of bundles, and of files of its own format. */
  public static String of(List<Path> sources) throws IOException {
    return String.join(END, texts(sources).values());
  }

  /** The texts by {@code SCOPE NAME}, each beginning with that line. */
  static Map<String, String> texts(List<Path> sources) throws IOException {
    CommandIndex index = new CommandIndex();
    for (Path source : sources) {
      if (Files.isDirectory(source)) {
        index.readBundles(source);
      } else {
        index.readTexts(Files.readString(source));
      }
    }
    return index.texts;
  }

  private void readTexts(String all) {
    for (String text : all.split(END)) {
      String _ = texts.put(text.substring(0, text.indexOf('\n')), text);
    }
  }

  private void readBundles(Path folder) throws IOException {
    List<Path> jars;
    try (Stream<Path> files = Files.list(folder)) {
      jars = files.filter(f -> f.toString().endsWith(".jar")).sorted().toList();
    }
    URL[] urls = new URL[jars.size()];
    for (int i = 0; i < urls.length; i++) {
      urls[i] = url(jars.get(i));
    }
    try (URLClassLoader loader = new URLClassLoader(urls, CommandIndex.class.getClassLoader())) {
      for (Path jar : jars) {
        readBundle(jar, loader);
      }
    }
  }

  private static URL url(Path jar) throws MalformedURLException {
    return jar.toUri().toURL();
  }

  private void readBundle(Path jar, ClassLoader loader) throws IOException {
    try (JarFile file = new JarFile(jar.toFile())) {
      Enumeration<JarEntry> entries = file.entries();
      while (entries.hasMoreElements()) {
        JarEntry entry = entries.nextElement();
        if (entry.getName().startsWith("OSGI-INF/") && entry.getName().endsWith(".xml")) {
          try (InputStream in = file.getInputStream(entry)) {
            byte[] xml = in.readAllBytes();
            if (new String(xml, StandardCharsets.UTF_8).contains(CommandProcessor.COMMAND_SCOPE)) {
              readComponent(jar, xml, loader);
            }
          }
        }
      }
    }
  }

  private void readComponent(Path jar, byte[] xml, ClassLoader loader) throws IOException {
    try {
      Element component =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(new java.io.ByteArrayInputStream(xml))
              .getDocumentElement();
      Element implementation = (Element) component.getElementsByTagName("implementation").item(0);
      Class<?> type = Class.forName(implementation.getAttribute("class"), false, loader);
      for (String scope : property(component, CommandProcessor.COMMAND_SCOPE)) {
        for (String function : property(component, CommandProcessor.COMMAND_FUNCTION)) {
          String _ = texts.put(scope + " " + function, entry(type, scope, function));
        }
      }
    } catch (ParserConfigurationException | SAXException | ClassNotFoundException e) {
      throw new IOException(jar + ": a component cannot be read: " + e.getMessage(), e);
    }
  }

  /** One command of the index. */
  static String entry(Class<?> type, String scope, String function) {
    String help = HelpText.of(type, Dispatcher.program(scope), function);
    return scope + " " + function + "\n" + help;
  }

  /** A property's values: an attribute where there is one, lines of text where there are several. */
  private static List<String> property(Element component, String name) {
    List<String> values = new ArrayList<>();
    NodeList properties = component.getElementsByTagName("property");
    for (int i = 0; i < properties.getLength(); i++) {
      Element property = (Element) properties.item(i);
      if (property.getAttribute("name").equals(name)) {
        String text =
            property.hasAttribute("value")
                ? property.getAttribute("value")
                : property.getTextContent();
        text.lines().map(String::strip).filter(l -> !l.isEmpty()).forEach(values::add);
      }
    }
    return values;
  }
}
