from lab.story import scene
