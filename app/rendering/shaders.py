"""How meshes are lit, in GLSL 3.30. Colours come out times their coverage. Axes: +x right, +y down, +z away."""

from __future__ import annotations

VERTEX = """
#version 330
uniform mat4 clip_from_camera;
uniform mat3 eye_from_camera;
in vec3 position_m;
in vec3 normal;
out vec3 eye_normal;
void main() {
    gl_Position = clip_from_camera * vec4(position_m, 1.0);
    eye_normal = eye_from_camera * normal;
}
"""

# A key light from above the viewer's left shoulder, wrapped around the body so that it ends softly; light from above
# and less from below; and a little of the sky along the outline. Computed on light, written with a gamma of 2; with
# products for powers, since with OpenGL in software `pow` took a third of the time.
_LIT = """
uniform vec3 albedo;
const vec3 KEY = normalize(vec3(-0.45, -0.65, -0.75));
const vec3 HALFWAY = normalize(KEY + vec3(0.0, 0.0, -1.0));
vec3 lit(vec3 given_normal) {
    vec3 normal = normalize(given_normal);
    float key = max(0.8 * dot(normal, KEY) + 0.2, 0.0);
    float above = 0.5 - 0.5 * normal.y;
    float outline = 1.0 - clamp(-normal.z, 0.0, 1.0);
    outline *= outline;
    float shine = max(dot(normal, HALFWAY), 0.0);
    shine *= shine;
    shine *= shine;
    shine *= shine;
    shine *= shine;
    return sqrt(albedo * (0.85 * key * key + 0.06 + 0.26 * above) + 0.05 * shine + 0.12 * outline * outline * above);
}
"""

SURFACE = (
    """
#version 330
in vec3 eye_normal;
out vec4 rgba;
"""
    + _LIT
    + """
void main() {
    rgba = vec4(lit(eye_normal), 1.0);
}
"""
)

# A corner of each triangle gets its own coordinate, whose rate of change tells how far its opposite edge is.
CORNERS = """
#version 330
layout(triangles) in;
layout(triangle_strip, max_vertices = 3) out;
in vec3 eye_normal[];
out vec3 corner_normal;
out vec3 corner;
void main() {
    for (int k = 0; k < 3; ++k) {
        gl_Position = gl_in[k].gl_Position;
        corner_normal = eye_normal[k];
        corner = vec3(k == 0, k == 1, k == 2);
        EmitVertex();
    }
    EndPrimitive();
}
"""

# Edges: dark on a surface, less so where faces are so small that they would blacken it; without a surface, lit as it
# would be, and faces that are not shown still hide what is behind them.
EDGES = (
    """
#version 330
uniform float surface;
in vec3 corner_normal;
in vec3 corner;
out vec4 rgba;
"""
    + _LIT
    + """
void main() {
    vec3 change = fwidth(corner);
    vec3 pixels = corner / change;
    float strength = clamp(0.12 / max(max(change.x, change.y), change.z), 0.15, 0.7);
    float edge = 1.0 - smoothstep(0.4, 1.4, min(min(pixels.x, pixels.y), pixels.z));
    vec3 colour = lit(corner_normal);
    rgba = surface > 0.5 ? vec4(mix(colour, 0.25 * colour, strength * edge), 1.0) : vec4(colour, 1.0) * edge;
}
"""
)
